/* npy_header.c: parser of the dictionary in a .npy file's header. Works on untrusted bytes: every
 * read is bounded by `end`. Must not know where the text came from. */
#include "npy_header.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

enum { KEY_DESCR = 1, KEY_ORDER = 2, KEY_SHAPE = 4, KEY_ALL = 7 };

typedef struct header_parser {
    const char *at, *end;
    char *fault;
    size_t fault_size;
    int fortran_order;
    npy_array *out;
} header_parser;

typedef struct text_span {
    const char *start;
    size_t length;
} text_span;

/* Record the fault; returns 0 so that parsers can `return refuse(...)`. */
__attribute__((format(printf, 2, 3))) static int refuse(header_parser *p, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(p->fault, p->fault_size, format, arguments);
    va_end(arguments);
    return 0;
}

static int malformed(header_parser *p)
{
    return refuse(p, "malformed header");
}

static void skip_space(header_parser *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\t' || *p->at == '\n' || *p->at == '\r'))
        p->at++;
}

/* Skip space, then take `symbol` if it is next. */
static int accept_symbol(header_parser *p, char symbol)
{
    skip_space(p);
    if (p->at == p->end || *p->at != symbol) return 0;
    p->at++;
    return 1;
}

static int accept_word(header_parser *p, const char *word)
{
    const size_t length = strlen(word);
    skip_space(p);
    if ((size_t)(p->end - p->at) < length || memcmp(p->at, word, length) != 0) return 0;
    p->at += length;
    return 1;
}

/* A quoted string without escapes, as every key and simple dtype is. */
static int parse_string(header_parser *p, text_span *out)
{
    skip_space(p);
    if (p->at == p->end || (*p->at != '\'' && *p->at != '"')) return 0;
    const char quote = *p->at++;
    const char *start = p->at;
    while (p->at < p->end && *p->at != quote) {
        if (*p->at < ' ' || *p->at > '~' || *p->at == '\\') return 0;
        p->at++;
    }
    if (p->at == p->end) return 0;
    *out = (text_span){start, (size_t)(p->at - start)};
    p->at++;
    return 1;
}

static int span_equals(text_span span, const char *text)
{
    return span.length == strlen(text) && memcmp(span.start, text, span.length) == 0;
}

/* Returns what to do about a dtype that is not known, as a sentence's end. */
static const char *remedy_for(text_span code)
{
    if (span_equals(code, "b1")) return "save it with .astype('<i8')";
    if (code.length > 0 && code.start[0] == 'c') return "save its .real or .imag";
    if (code.length > 0 && strchr("OSUMm", code.start[0]) != NULL)
        return "save numbers, such as .astype('<f4') or '<i8'";
    return "float16, float32, float64 and whole numbers can be read";
}

static int parse_descr(header_parser *p)
{
    skip_space(p);
    if (p->at < p->end && *p->at == '[')
        return refuse(p, "structured dtype; save one of its fields by itself");
    text_span descr;
    if (!parse_string(p, &descr) || descr.length == 0) return malformed(p);
    /* '=' and '|' leave the byte order to the machine, and every machine here is little-endian. */
    const int ordered = strchr("<>=|", descr.start[0]) != NULL;
    const text_span code = {descr.start + ordered, descr.length - (size_t)ordered};
    const int shown = (int)(descr.length < 24 ? descr.length : 24);
    for (npy_type type = 0; type < NPY_TYPE_COUNT; type++) {
        const char *known = npy_type_code(type);
        if (!span_equals(code, known)) continue;
        if (descr.start[0] == '>')
            return refuse(p, "big-endian dtype '%.*s'; save it with .astype('<%s')", shown,
                          descr.start, known);
        p->out->type = type;
        return 1;
    }
    return refuse(p, "dtype '%.*s'; %s", shown, descr.start, remedy_for(code));
}

static int parse_order(header_parser *p)
{
    if (accept_word(p, "True"))
        p->fortran_order = 1;
    else if (!accept_word(p, "False"))
        return malformed(p);
    return 1;
}

static int parse_extent(header_parser *p, size_t *out)
{
    skip_space(p);
    if (p->at == p->end || *p->at < '0' || *p->at > '9') return malformed(p);
    size_t value = 0;
    for (; p->at < p->end && *p->at >= '0' && *p->at <= '9'; p->at++) {
        const size_t digit = (size_t)(*p->at - '0');
        if (value > (SIZE_MAX - digit) / 10)
            return refuse(p, "its shape is too large for this machine");
        value = 10 * value + digit;
    }
    if (p->at < p->end && *p->at == 'L') /* Python 2 wrote long integers so */
        p->at++;
    *out = value;
    return 1;
}

static int parse_shape(header_parser *p)
{
    if (!accept_symbol(p, '(')) return malformed(p);
    npy_array *out = p->out;
    out->ndim = 0;
    while (!accept_symbol(p, ')')) {
        if (out->ndim == NPY_MAX_DIMENSIONS)
            return refuse(p, "more than %d dimensions", NPY_MAX_DIMENSIONS);
        if (!parse_extent(p, &out->shape[out->ndim++])) return 0;
        if (accept_symbol(p, ',')) continue;
        if (!accept_symbol(p, ')') || out->ndim == 1) /* (3) is a number in Python, not a tuple */
            return malformed(p);
        break;
    }
    return 1;
}

/* One "'key': value"; returns the key's bit, 0 on a fault. */
static int parse_entry(header_parser *p)
{
    text_span key;
    if (!parse_string(p, &key) || !accept_symbol(p, ':')) return malformed(p);
    if (span_equals(key, "descr")) return parse_descr(p) ? KEY_DESCR : 0;
    if (span_equals(key, "fortran_order")) return parse_order(p) ? KEY_ORDER : 0;
    if (span_equals(key, "shape")) return parse_shape(p) ? KEY_SHAPE : 0;
    return malformed(p);
}

static int parse_dictionary(header_parser *p)
{
    int seen = 0;
    if (!accept_symbol(p, '{')) return malformed(p);
    while (!accept_symbol(p, '}')) {
        const int key = parse_entry(p);
        if (key == 0) return 0;
        if (seen & key) return malformed(p);
        seen |= key;
        if (accept_symbol(p, ',')) continue;
        if (!accept_symbol(p, '}')) return malformed(p);
        break;
    }
    skip_space(p);
    return p->at == p->end && seen == KEY_ALL ? 1 : malformed(p);
}

static int check_layout(header_parser *p)
{
    const npy_array *out = p->out;
    if (p->fortran_order && out->ndim > 2)
        return refuse(p, "Fortran order; save it with numpy.ascontiguousarray(...)");
    if (out->ndim == 0) return refuse(p, "a single number, not an array");
    size_t bytes = npy_type_size(out->type);
    for (int i = 0; i < out->ndim; i++) {
        char shape[96];
        if (out->shape[i] == 0 && i > 0)
            return refuse(p, "empty: its shape is %s", npy_shape_text(out, shape, sizeof shape));
        const size_t extent = out->shape[i] > 0 ? out->shape[i] : 1;
        if (bytes > SIZE_MAX / 2 / extent)
            return refuse(p, "its shape is too large for this machine");
        bytes *= extent;
    }
    return 1;
}

int npy_parse_header(const char *text, size_t length, npy_array *out, int *fortran_order,
                     char *fault, size_t fault_size)
{
    header_parser p = {
        .at = text, .end = text + length, .fault = fault, .fault_size = fault_size, .out = out};
    *out = (npy_array){0};
    if (!parse_dictionary(&p) || !check_layout(&p)) return -1;
    *fortran_order = p.fortran_order && out->ndim == 2;
    return 0;
}
