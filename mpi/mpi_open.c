/* mpi_open.c: what a rank says of a call, and what is wrong in it: where its rows and classes lie,
 * before any is looked at. */
#include <string.h>

#include "mpi_head.h"

/* The fields of a margin_head that every caller has. */
#define HEAD_LEAST (offsetof(margin_head, tied) + sizeof(size_t))

/* More dimensions are more bytes than MPI counts. */
#define DIM_MOST ((size_t)1 << 28)

static mpi_fault argument_fault(const margin_mpi *m, margin_status status, margin_argument argument,
                                const char *detail)
{
    mpi_fault fault = margin_mpi_own_fault(m, status, detail);
    fault.argument = (int)argument;
    return fault;
}

/* Sets a stride that is 0, and returns whether it is long enough. */
static int fix_stride(size_t *stride, size_t dim)
{
    if (*stride == 0) *stride = dim;
    return *stride >= dim && *stride <= PTRDIFF_MAX / 64;
}

static mpi_fault check_strides(const margin_mpi *m, margin_head *own)
{
    struct {
        size_t *stride;
        margin_argument argument;
    } const strides[] = {
        {&own->embeddings_stride, MARGIN_ARGUMENT_EMBEDDINGS},
        {&own->grad_embeddings_stride, MARGIN_ARGUMENT_EMBEDDINGS},
        {&own->weights_stride, MARGIN_ARGUMENT_WEIGHTS},
        {&own->grad_weights_stride, MARGIN_ARGUMENT_WEIGHTS},
    };
    for (size_t i = 0; i < sizeof strides / sizeof *strides; i++) {
        if (!fix_stride(strides[i].stride, own->dim))
            return argument_fault(m, MARGIN_ERROR_SHAPE, strides[i].argument,
                                  "a stride is shorter than dim, or beyond memory");
    }
    return (mpi_fault){.status = MARGIN_OK};
}

static mpi_fault check_types(const margin_mpi *m, const margin_head *own)
{
    static const char detail[] = "its type is no margin_type";
    if ((unsigned)own->embeddings_type >= MARGIN_TYPE_COUNT)
        return argument_fault(m, MARGIN_ERROR_CONFIG, MARGIN_ARGUMENT_EMBEDDINGS, detail);
    if ((unsigned)own->weights_type >= MARGIN_TYPE_COUNT)
        return argument_fault(m, MARGIN_ERROR_CONFIG, MARGIN_ARGUMENT_WEIGHTS, detail);
    return (mpi_fault){.status = MARGIN_OK};
}

static mpi_fault check_there(const margin_mpi *m, const margin_head *own)
{
    static const char missing[] = "is required, and NULL";
    if (own->rows > 0 && own->embeddings == NULL)
        return argument_fault(m, MARGIN_ERROR_NULL, MARGIN_ARGUMENT_EMBEDDINGS, missing);
    if (own->rows > 0 && own->labels == NULL)
        return argument_fault(m, MARGIN_ERROR_NULL, MARGIN_ARGUMENT_LABELS, missing);
    if (own->classes > 0 && own->weights == NULL)
        return argument_fault(m, MARGIN_ERROR_NULL, MARGIN_ARGUMENT_WEIGHTS, missing);
    if (own->classes > 0 && own->grad_bias != NULL &&
        (own->bias == NULL || own->grad_weights == NULL))
        return argument_fault(m, MARGIN_ERROR_NULL, MARGIN_ARGUMENT_BIAS,
                              "grad_bias needs bias and grad_weights");
    return (mpi_fault){.status = MARGIN_OK};
}

/* Reads *given to *own, and returns what can be seen to be wrong without looking at values. */
static mpi_fault read_head(const margin_mpi *m, const margin_head *given, margin_head *own)
{
    memset(own, 0, sizeof *own);
    if (given == NULL) return margin_mpi_own_fault(m, MARGIN_ERROR_NULL, "the call is NULL");
    if (given->size < HEAD_LEAST)
        return margin_mpi_own_fault(m, MARGIN_ERROR_SIZE,
                                    "margin_head.size is not set: begin with MARGIN_HEAD_INIT");
    memcpy(own, given, given->size < sizeof *own ? given->size : sizeof *own);
    own->size = sizeof *own;
    if (own->dim == 0 || own->dim > DIM_MOST)
        return margin_mpi_own_fault(m, MARGIN_ERROR_SHAPE, "dim must be at least 1, at most 2^28");
    if (own->class_index != NULL)
        return margin_mpi_own_fault(m, MARGIN_ERROR_CONFIG,
                                    "class_index is not possible over ranks: give these rows of W "
                                    "side by side");
    mpi_fault fault = check_types(m, own);
    if (fault.status == MARGIN_OK) fault = check_strides(m, own);
    return fault.status != MARGIN_OK ? fault : check_there(m, own);
}

static void claim_config(const margin_config *config, double *field)
{
    field[FIELD_VERSION] = margin_version_number();
    field[FIELD_LOSS] = config->loss;
    field[FIELD_SCALE] = config->scale;
    field[FIELD_M1] = config->m1;
    field[FIELD_M2] = config->m2;
    field[FIELD_M3] = config->m3;
    field[FIELD_LAMBDA] = config->lambda;
    field[FIELD_PAST_PI] = config->past_pi;
    field[FIELD_GRADIENT] = config->gradient;
    field[FIELD_FEATURE_NORM] = config->feature_norm;
    field[FIELD_UNCHECKED] = config->skip_finite_check != 0;
    field[FIELD_SCALAR] = config->isa == MARGIN_ISA_SCALAR;
    field[FIELD_PRODUCTS] = config->products;
}

static void claim_call(const margin_head *own, double *field)
{
    field[FIELD_DIM] = (double)own->dim;
    field[FIELD_SMOOTHING] = own->label_smoothing;
    field[FIELD_ACCUMULATE] = own->accumulate != 0;
    field[FIELD_CLASS_WEIGHT] = own->class_weight != NULL;
    field[FIELD_CLASS_MARGIN] = own->class_margin != NULL;
    field[FIELD_ROW_WEIGHT] = own->row_weight != NULL;
    field[FIELD_ROW_MARGIN] = own->row_margin != NULL;
    field[FIELD_ROW_SCALE] = own->row_scale != NULL;
    field[FIELD_GRAD_EMBEDDINGS] = own->grad_embeddings != NULL;
    field[FIELD_EMBEDDINGS_TYPE] = own->embeddings_type;
    field[FIELD_WEIGHTS_TYPE] = own->weights_type;
    field[FIELD_CONSUME] = own->consume != NULL;
    field[FIELD_BIAS] = own->bias != NULL;
    field[FIELD_GRAD_WEIGHTS] = own->grad_weights != NULL;
    field[FIELD_GRAD_BIAS] = own->grad_bias != NULL;
}

margin_status margin_mpi_open(mpi_call *c)
{
    mpi_claim claim;
    memset(&claim, 0, sizeof claim);
    claim.fault = read_head(c->m, c->given, &c->own);
    claim.rows = c->own.rows;
    claim.classes = c->own.classes;
    claim_config(margin_context_config(c->m->context), claim.field);
    claim_call(&c->own, claim.field);
    return margin_mpi_claim(c->m, &claim);
}

/* Tells which rank has a row or class that the context counts among all, or among those that it
 * computes. (A class weight of a label it counts among all, too; but that every rank finds, and the
 * fault of the first is reported, whose classes begin with 0.) */
mpi_fault margin_mpi_context_fault(const mpi_call *c)
{
    const mpi_plan *p = &c->plan;
    const margin_fault *found = margin_context_fault(c->m->context);
    mpi_fault fault = argument_fault(c->m, found->status, found->argument, found->detail);
    fault.row = found->row;
    fault.value = found->value;
    fault.bytes = found->bytes;
    const size_t *of = NULL;
    switch (found->argument) {
    case MARGIN_ARGUMENT_WEIGHTS:
    case MARGIN_ARGUMENT_BIAS:
        of = p->classes_of;
        fault.row += p->computed_of[c->m->rank];
        break;
    case MARGIN_ARGUMENT_EMBEDDINGS:
    case MARGIN_ARGUMENT_LABELS:
    case MARGIN_ARGUMENT_ROW_WEIGHT:
    case MARGIN_ARGUMENT_ROW_MARGIN:
    case MARGIN_ARGUMENT_ROW_SCALE:
        of = p->rows_of;
        break;
    default:
        break;
    }
    if (of == NULL || fault.row >= of[c->m->ranks]) return fault;
    fault.rank = margin_mpi_owner(c->m, of, fault.row);
    fault.row -= of[fault.rank];
    return fault;
}
