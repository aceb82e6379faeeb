#!/usr/bin/env bash
# manual.sh SOURCE BUILD WORK: each program and command has an installed page of the manual, of which
# troff does not complain; every option that --help names is in it and among the words of the
# completion, and bash completes commands, options and values.
# shellcheck source=tests/builds/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../builds/lib.sh"
source=$1 build=$2 prefix=$3/manual
checked=0

need man
rm -rf "$prefix"
mkdir -p "$3"
for component in command drivers; do
    cmake --install "$build" --prefix "$prefix" --component "$component" > "$prefix.log"
done

# check_page PAGE PROGRAM [COMMAND]
check_page() {
    local page=$prefix/share/man/man1/$1.1 said words option
    shift
    said=$("$@" --help) words=$("$@" --help=words)
    [[ -s $page ]] || fail "no page of $*"
    man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2> "$prefix.warnings" > /dev/null
    [[ ! -s $prefix.warnings ]] || fail "$page: $(cat "$prefix.warnings")"
    while read -r option; do
        checked=$((checked + 1))
        grep -qE "^.fB${option//-/.-}(.fR|,)" "$page" || fail "$page lacks $option"
        grep -q "^$option|" <<< "$words" || fail "the completion of $* lacks $option"
    done < <(grep -oE '^  --[a-z0-9-]+( |$)' <<< "$said" | tr -d ' ')
}

# complete_line WORDS...: what bash offers for the last of these words.
complete_line() {
    bash -c '
        . "$1"; shift
        compopt() { :; }
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _margin "$1"
        printf "%s " "${COMPREPLY[@]}"' bash "$source/cli/completion/margin.bash" "$@"
}

# offers WANTED WORDS...: exactly these.
offers() {
    local wanted=$1 offered
    shift
    offered=$(PATH=$prefix/bin:$PATH complete_line "$@")
    [[ ${offered% } == "$wanted" ]] || fail "completion of '$*': '$offered', not '$wanted'"
    checked=$((checked + 1))
}

commands=$("$prefix/bin/margin" --help | sed -n '/^commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p' | grep -v help)
[[ $(wc -w <<< "$commands") -ge 6 ]] || fail "margin --help lists hardly any command: $commands"
check_page margin "$prefix/bin/margin"
for command in $commands; do
    check_page "margin-$command" "$prefix/bin/margin" "$command"
done
for driver in "$prefix"/bin/bench_*; do
    check_page "${driver##*/}" "$driver"
    [[ -s $prefix/share/bash-completion/completions/${driver##*/} ]] || fail "$driver: no completion"
done

losses=$(sed -n '/define MARGIN_LOSS_TABLE/,/^$/s/^ *X([A-Z0-9]*, \([a-z0-9]*\)).*/\1/p' \
    "$source/include/margin.h" | xargs)
offers "eval" margin ev
offers "verify" margin help ver
offers "--loss" margin eval --lo
offers "$losses" margin eval --loss ""
offers "monotone" margin eval --past-pi mon
offers "fixed" margin eval --feature-norm = "fi"
offers "fixed keep" margin eval --feature-norm =
offers "" margin eval --embeddings nothing
offers "arcface,cosface arcface,combined" bench_speed --loss arcface,co
offers "--ranks" margin reshard W.npy --ra
offers "" margin reshard ra
offers "--quick" bench_stability --qui
if command -v zsh > /dev/null; then zsh -n "$prefix/share/zsh/site-functions/_margin"; fi
if command -v fish > /dev/null; then fish -n "$prefix/share/fish/vendor_completions.d/margin.fish"; fi
printf '%d options and completions\n' "$checked"
