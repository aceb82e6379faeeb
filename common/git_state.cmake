# git_state.cmake: write OUTPUT, a header with the commit of SOURCE and whether tracked files differ
# from it. Runs at every build (a commit seen at configure time would be stale) and rewrites the
# header only when it changes, so that nothing is recompiled for nothing.
#   cmake -DSOURCE=folder -DOUTPUT=header -P git_state.cmake

set(commit unknown)
set(dirty -1)

# Not an error where git is missing, or refuses a tree that belongs to somebody else.
function(git_answer out)
    execute_process(COMMAND git --no-optional-locks ${ARGN}
        WORKING_DIRECTORY ${SOURCE}
        RESULT_VARIABLE status OUTPUT_VARIABLE text ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
    if(status EQUAL 0)
        set(${out} "${text}" PARENT_SCOPE)
    else()
        set(${out} NOTFOUND PARENT_SCOPE)
    endif()
endfunction()

# An unpacked archive inside somebody else's repository must not show that one's commit.
git_answer(top rev-parse --show-toplevel)
if(top)
    file(REAL_PATH "${top}" top)
    file(REAL_PATH "${SOURCE}" here)
    if(top STREQUAL here)
        git_answer(head rev-parse --verify HEAD)
        if(head)
            set(commit ${head})
            git_answer(changes status --porcelain --untracked-files=no)
            if(changes STREQUAL "")
                set(dirty 0)
            else()
                set(dirty 1)
            endif()
        endif()
    endif()
endif()

set(text "/* git_state.h: the sources of this build; written by git_state.cmake. */
#define GIT_STATE_COMMIT \"${commit}\"
#define GIT_STATE_DIRTY (${dirty}) /* -1: unknown */
")
set(old "")
if(EXISTS ${OUTPUT})
    file(READ ${OUTPUT} old)
endif()
if(NOT old STREQUAL text)
    file(WRITE ${OUTPUT} "${text}")
endif()
