/* judge_cases.c: verdicts on numbers from standard input, as bench_separation gives them, for
 * test_verdicts.py. A line is a claim: the range's ends, the values of each seed, and after a bar
 * those of the other part of the samples, if any. */
#include <stdlib.h>
#include <string.h>

#include "json_out.h"
#include "memory.h"
#include "report.h"

enum { MOST = 64 };

/* Numbers from `text` on, up to a bar or the end. */
static judgement read_values(const char *split, char **text)
{
    judgement out = {.split = split, .values = zeroed(MOST, sizeof *out.values)};
    size_t count = 0;
    for (char *end; count < MOST; *text = end) {
        const double value = strtod(*text, &end);
        if (end == *text) break;
        out.values[count++] = value;
    }
    out.found = interval_of(out.values, count);
    return out;
}

int main(void)
{
    claim_list list = {zeroed(MOST, sizeof *list.results), 0};
    char line[4096];
    json_begin();
    while (list.count < MOST && fgets(line, sizeof line, stdin) != NULL) {
        claim_result *const r = &list.results[list.count++];
        char *text = line;
        *r = (claim_result){.where = "by hand", .unit = "1", .paper = 0.0};
        r->least = strtod(text, &text);
        r->most = strtod(text, &text);
        r->here = read_values("test", &text);
        text = strchr(text, '|');
        if (text != NULL) {
            text++;
            r->other = read_values("train", &text);
        }
    }
    claims_decide(&list);
    json_t *const claims = report_claims(&list);
    const int failed = json_write_stream(claims, stdout);
    json_decref(claims);
    claims_free(&list);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
