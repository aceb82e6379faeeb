# margin.bash: completion in bash of margin and its benchmark drivers: commands, options, and the
# values of options that have a list of them. It asks the program itself (--help=words), whose lines
# are WORD|ARGUMENT|VALUES|SENTENCE, without a WORD where files may be typed, and so needs no change
# when an option comes.
_margin() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local word argument values known= files=
    local -a call=("${1/#\~/$HOME}")
    # bash takes --option=value apart at the sign.
    if [[ $current == = ]]; then
        current=
    elif [[ $before == = ]]; then
        before=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    [[ ${1##*/} != margin || $COMP_CWORD -eq 1 || ${COMP_WORDS[1]} == help ]] || call+=("${COMP_WORDS[1]}")
    COMPREPLY=()
    while IFS='|' read -r word argument values _; do
        [[ -n $word ]] || files=yes
        known+=" $word"
        [[ $word == "$before" && -n $argument ]] || continue
        if [[ -z $values ]]; then
            compopt -o default # a file, or what only the user knows
        elif [[ $argument == *,...* ]]; then
            local earlier=${current%"${current##*,}"}
            mapfile -t COMPREPLY < <(compgen -P "$earlier" -W "$values" -- "${current##*,}")
        else
            mapfile -t COMPREPLY < <(compgen -W "$values" -- "$current")
        fi
        return
    done < <("${call[@]}" --help=words 2> /dev/null)
    if [[ -n $files && $current != -* ]]; then
        compopt -o default
    else
        mapfile -t COMPREPLY < <(compgen -W "$known" -- "$current")
    fi
}
complete -F _margin margin bench_speed bench_stability bench_separation bench_kernels
