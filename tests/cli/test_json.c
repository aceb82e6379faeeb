/* test_json.c: members of JSON objects by a letter each. */
#include <json_out.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void assert_text(json_t *value, const char *expected)
{
    char *const text = json_dumps(value, JSON_COMPACT);
    assert_string_equal(text, expected);
    free(text);
    json_decref(value);
}

static void rows_have_every_kind(void **state)
{
    (void)state;
    assert_text(json_row("text size whole yes real angle object", "szdbgao", "a", (size_t)5e9, -3,
                         2, 0.5, acos(-1.0), json_array()),
                "{\"text\":\"a\",\"size\":5000000000,\"whole\":-3,\"yes\":true,\"real\":0.5,"
                "\"angle\":180.0,\"object\":[]}");
    assert_text(json_row("text real angle", "sga", NULL, NAN, -INFINITY),
                "{\"text\":null,\"real\":null,\"angle\":null}");
}

/* A member that is there already changes its value and keeps its place. */
static void members_are_put(void **state)
{
    (void)state;
    json_t *const row = json_row("a b", "dd", 1, 2);
    json_put(row, "a c", "gd", 1.5, 3);
    assert_text(row, "{\"a\":1.5,\"b\":2,\"c\":3}");
    assert_text(json_numbers((const double[]){1.5, NAN}, 2), "[1.5,null]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_have_every_kind),
        cmocka_unit_test(members_are_put),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
