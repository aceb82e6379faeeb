# margin.fish: completion in fish of margin and its benchmark drivers. It asks the program itself
# (--help=words), whose lines are WORD|ARGUMENT|VALUES|SENTENCE.
function __margin_words
    set -l typed (commandline -opc)
    set -l call $typed[1]
    if string match -q '*margin' -- $call; and set -q typed[2]; and test $typed[2] != help
        set -a call $typed[2]
    end
    set -l lines ($call --help=words 2>/dev/null)
    for line in $lines
        set -l part (string split -m 3 '|' -- $line)
        test "$part[1]" = "$typed[-1]"; and test -n "$part[2]"; or continue
        if test -z "$part[3]"
            __fish_complete_path (commandline -ct)
        else if string match -q '*,...*' -- $part[2]
            set -l earlier (string replace -r '[^,]*$' '' -- (commandline -ct))
            printf "$earlier%s\n" (string split ' ' -- $part[3])
        else
            string split ' ' -- $part[3]
        end
        return
    end
    for line in $lines
        set -l part (string split -m 3 '|' -- $line)
        if test -z "$part[1]"
            __fish_complete_path (commandline -ct)
        else
            printf '%s\t%s\n' $part[1] $part[4]
        end
    end
end

for program in margin bench_speed bench_stability bench_separation bench_kernels
    complete -c $program -f -a '(__margin_words)'
end
