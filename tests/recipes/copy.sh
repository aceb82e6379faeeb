# copy.sh: sourced by the recipes: a copy of the tree to change.
# shellcheck shell=bash

# The tree without what is built, measured or versioned.
copy_tree() {
    local from=$1 to=$2
    rm -rf "$to"
    mkdir -p "$to"
    tar -C "$from" --exclude=.git --exclude='./build*' --exclude=./results -cf - . | tar -C "$to" -xf -
}

# Paths that differ between the two trees, sorted.
differences() {
    { diff -rq --exclude=.git --exclude='build*' --exclude=results --exclude=__pycache__ "$1" "$2" ||
        true; } |
        sed -E -e "s|^Files .* and $2/(.*) differ\$|\1|" -e "s|^Only in $2/?(.*): (.*)\$|\1/\2|" |
        sort
}
