#!/usr/bin/env bash
# doxygen.sh SOURCE WORK: doxygen has no warning about the headers, and its pages hold every function
# of the C headers and what the comments say of functions, fields, values and classes.
# shellcheck source=tests/builds/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source=$1 work=$2/doxygen

need doxygen
rm -rf "$work"
mkdir -p "$work"
cd "$source"
MARGIN_VERSION=0 MARGIN_API=$work doxygen docs/Doxyfile > "$work.log" 2>&1 || {
    cat "$work.log" >&2
    fail "doxygen warns"
}
[[ ! -s $work.log ]] || fail "doxygen says: $(cat "$work.log")"

functions=$(sed -n 's/^MARGIN_API .*\(margin_[a-z_]*\)(.*/\1/p' include/*.h)
[[ $(wc -l <<< "$functions") -gt 20 ]] || fail "margin.h: hardly any function: $functions"
for function in $functions; do
    grep -qF "$function" "$work"/margin{,__shards,__update,__mpi}_8h.html || fail "no page has $function"
done

# says PAGE TEXT: a sentence of a comment is on that page.
says() {
    grep -qF "$2" "$work/$1.html" || fail "$1.html does not say '$2'"
}
says margin_8h "Runs the fused classification head"
says margin_8h "the derivative of the loss"
says margin_8h "margin-softmax losses for CPUs: the public header"
says structmargin__head "log-sum-exp of the negatives"
says structmargin__config "finite and &gt; 0"
says structmargin__update "Nesterov's momentum"
says classmargin_1_1context "it can be moved, not copied"
says structmargin_1_1error "Returns one line"
printf '%d functions have their pages\n' "$(wc -l <<< "$functions")"
