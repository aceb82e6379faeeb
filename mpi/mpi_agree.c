/* mpi_agree.c: how ranks come to the same opinion of a call. Every rank judges the same values in
 * the same order, so every rank finds the same. */
#include "mpi_agree.h"

#include <stdio.h>
#include <string.h>

#include "mpi_wait.h"

/* Who has a say in a field. */
typedef enum say { ALL, WITH_ROWS, WITH_CLASSES } say;

typedef struct field_info {
    const char *name;
    say of;
    int given; /* the value says whether something is given */
} field_info;

static const field_info fields[FIELD_COUNT] = {
    [FIELD_VERSION] = {"the library's version", ALL, 0},
    [FIELD_LOSS] = {"loss", ALL, 0},
    [FIELD_SCALE] = {"scale", ALL, 0},
    [FIELD_M1] = {"m1", ALL, 0},
    [FIELD_M2] = {"m2", ALL, 0},
    [FIELD_M3] = {"m3", ALL, 0},
    [FIELD_LAMBDA] = {"lambda", ALL, 0},
    [FIELD_PAST_PI] = {"past_pi", ALL, 0},
    [FIELD_GRADIENT] = {"gradient", ALL, 0},
    [FIELD_FEATURE_NORM] = {"feature_norm", ALL, 0},
    [FIELD_SCALAR] = {"isa = scalar", ALL, 1},
    [FIELD_PRODUCTS] = {"products", ALL, 0},
    [FIELD_UNCHECKED] = {"skip_finite_check", ALL, 0},
    [FIELD_DIM] = {"dim", ALL, 0},
    [FIELD_SMOOTHING] = {"label_smoothing", ALL, 0},
    [FIELD_ACCUMULATE] = {"accumulate", ALL, 0},
    [FIELD_CLASS_WEIGHT] = {"class_weight", ALL, 1},
    [FIELD_CLASS_MARGIN] = {"class_margin", ALL, 1},
    [FIELD_ROW_WEIGHT] = {"row_weight", WITH_ROWS, 1},
    [FIELD_ROW_MARGIN] = {"row_margin", WITH_ROWS, 1},
    [FIELD_ROW_SCALE] = {"row_scale", WITH_ROWS, 1},
    [FIELD_GRAD_EMBEDDINGS] = {"grad_embeddings", WITH_ROWS, 1},
    [FIELD_EMBEDDINGS_TYPE] = {"embeddings_type", WITH_ROWS, 0},
    [FIELD_WEIGHTS_TYPE] = {"weights_type", WITH_CLASSES, 0},
    [FIELD_CONSUME] = {"consume", WITH_CLASSES, 1},
    [FIELD_BIAS] = {"bias", WITH_CLASSES, 1},
    [FIELD_GRAD_WEIGHTS] = {"grad_weights", WITH_CLASSES, 1},
    [FIELD_GRAD_BIAS] = {"grad_bias", WITH_CLASSES, 1},
};

mpi_fault margin_mpi_own_fault(const margin_mpi *m, margin_status status, const char *detail)
{
    mpi_fault fault = {.status = (int)status, .rank = m->rank};
    snprintf(fault.detail, sizeof fault.detail, "%s",
             detail != NULL ? detail : margin_status_text(status));
    return fault;
}

/* Returns the name of a field's value, NULL where it has none. */
static const char *name_of(mpi_field field, double value)
{
    switch (field) {
    case FIELD_LOSS: {
        const margin_loss_info *info = margin_loss_get((margin_loss)value);
        return info != NULL ? info->name : NULL;
    }
    case FIELD_PAST_PI:
        return margin_past_pi_name((margin_past_pi)value);
    case FIELD_GRADIENT:
        return margin_gradient_name((margin_gradient)value);
    case FIELD_FEATURE_NORM:
        return margin_feature_norm_name((margin_feature_norm)value);
    case FIELD_PRODUCTS:
    case FIELD_EMBEDDINGS_TYPE:
    case FIELD_WEIGHTS_TYPE:
        return margin_type_name((margin_type)value);
    default:
        return NULL;
    }
}

/* Writes what a field's value is, as a person would say it. */
static void say_value(mpi_field field, double value, char *text, size_t size)
{
    const char *name =
        fields[field].given ? (value != 0.0 ? "given" : "not given") : name_of(field, value);
    if (name != NULL) {
        snprintf(text, size, "%s", name);
    } else {
        snprintf(text, size, "%.9g", value);
    }
}

/* Reports the fault of one rank. */
static margin_status report_fault(margin_mpi *m, const mpi_fault *fault)
{
    const margin_argument argument = (margin_argument)fault->argument;
    const char *of_class =
        argument == MARGIN_ARGUMENT_WEIGHTS || argument == MARGIN_ARGUMENT_BIAS ||
                argument == MARGIN_ARGUMENT_CLASS_WEIGHT || argument == MARGIN_ARGUMENT_CLASS_MARGIN
            ? "class"
            : "row";
    char place[64] = "", more[64] = "";
    if (fault->status == MARGIN_ERROR_NULL || fault->status == MARGIN_ERROR_SHAPE) {
        if (argument != MARGIN_ARGUMENT_NONE)
            snprintf(place, sizeof place, "%s: ", margin_argument_name(argument));
    } else if (argument != MARGIN_ARGUMENT_NONE)
        snprintf(place, sizeof place, "%s, %s %llu: ", margin_argument_name(argument), of_class,
                 (unsigned long long)fault->row);
    if (fault->status == MARGIN_ERROR_LABEL)
        snprintf(more, sizeof more, " (%lld)", (long long)fault->value);
    if (fault->status == MARGIN_ERROR_WORKSPACE)
        snprintf(more, sizeof more, " (%llu bytes are needed)", (unsigned long long)fault->bytes);
    margin_mpi_fail(m, (margin_status)fault->status, fault->rank, "rank %d: %s%s%s", fault->rank,
                    place, fault->detail, more);
    m->error.argument = argument;
    m->error.row = (size_t)fault->row;
    m->error.value = fault->value;
    m->error.bytes = (size_t)fault->bytes;
    return m->error.status;
}

static int has_say(const mpi_claim *claim, mpi_field field)
{
    const say of = fields[field].of;
    return of == ALL || (of == WITH_ROWS ? claim->rows : claim->classes) > 0;
}

/* Returns the first rank that has a say in a field, or -1. */
static int first_with_say(const margin_mpi *m, mpi_field field)
{
    for (int r = 0; r < m->ranks; r++) {
        if (has_say(&m->claims[r], field)) return r;
    }
    return -1;
}

double margin_mpi_agreed(const margin_mpi *m, mpi_field field)
{
    const int r = first_with_say(m, field);
    return r < 0 ? 0.0 : m->claims[r].field[field];
}

static margin_status compare_field(margin_mpi *m, mpi_field field)
{
    const int first = first_with_say(m, field);
    for (int r = first + 1; r < m->ranks; r++) {
        char here[40], there[40];
        if (!has_say(&m->claims[r], field) ||
            m->claims[r].field[field] == m->claims[first].field[field])
            continue;
        say_value(field, m->claims[r].field[field], here, sizeof here);
        say_value(field, m->claims[first].field[field], there, sizeof there);
        return margin_mpi_fail(m, field == FIELD_DIM ? MARGIN_ERROR_SHAPE : MARGIN_ERROR_CONFIG, r,
                               "rank %d: %s is %s, but %s on rank %d", r, fields[field].name, here,
                               there, first);
    }
    return MARGIN_OK;
}

margin_status margin_mpi_claim(margin_mpi *m, const mpi_claim *mine)
{
    MPI_Request request;
    const int code = MPI_Iallgather(mine, sizeof *mine, MPI_BYTE, m->claims, sizeof *mine, MPI_BYTE,
                                    m->comm, &request);
    margin_status status = margin_mpi_wait(m, code, &request, 1, "beginning of the call");
    for (int r = 0; status == MARGIN_OK && r < m->ranks; r++) {
        if (m->claims[r].fault.status != MARGIN_OK) status = report_fault(m, &m->claims[r].fault);
    }
    for (int f = 0; status == MARGIN_OK && f < FIELD_COUNT; f++)
        status = compare_field(m, (mpi_field)f);
    return status;
}

margin_status margin_mpi_agree(margin_mpi *m, const mpi_word *mine, const char *what)
{
    MPI_Request request;
    const int code = MPI_Iallgather(mine, sizeof *mine, MPI_BYTE, m->words, sizeof *mine, MPI_BYTE,
                                    m->comm, &request);
    const margin_status status = margin_mpi_wait(m, code, &request, 1, what);
    if (status != MARGIN_OK) return status;
    for (int r = 0; r < m->ranks; r++) {
        if (m->words[r].fault.status != MARGIN_OK) return report_fault(m, &m->words[r].fault);
    }
    for (int r = 1; r < m->ranks; r++) {
        if (m->words[r].digest != m->words[0].digest)
            return margin_mpi_fail(m, MARGIN_ERROR_CONFIG, r,
                                   "rank %d: class_weight or class_margin is not that of rank 0",
                                   r);
    }
    return MARGIN_OK;
}
