/* mpi_refusals.c: what one rank has wrong, or ranks disagree in, is the same error on all of them,
 * and nothing is written. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mpi_cases.h"
#include "mpi_check.h"

const mpi_shape refused_shape = {40, 20, 4100};

/* What is wrong on the last rank, and what all ranks must then say. */
typedef struct refusal {
    const char *name;
    void (*spoil)(mpi_case *c);
    unsigned extras;
    division how;
    margin_status status;
    margin_argument argument;
    size_t row;
    const char *text; /* after "rank R: " */
} refusal;

static int64_t *labels_of(mpi_case *c)
{
    return (int64_t *)c->all.labels.data + c->first_row;
}

static float *weights_of(mpi_case *c)
{
    return c->all.weights.at + c->first_class * c->call.weights_stride;
}

static void large_label(mpi_case *c)
{
    labels_of(c)[1] = 4100;
}

static void negative_label(mpi_case *c)
{
    labels_of(c)[2] = -2;
}

static void consuming(void *user, size_t first, size_t count, const float *gradients, size_t stride,
                      const float *bias_gradients)
{
    (void)user, (void)first, (void)count, (void)gradients, (void)stride, (void)bias_gradients;
}

static void no_store(mpi_case *c)
{
    c->call.grad_weights = NULL;
    c->call.consume = consuming;
}

static void list_classes(mpi_case *c)
{
    static const int64_t list[] = {0, 1};
    c->call.class_index = list;
}

static void other_type(mpi_case *c)
{
    c->call.weights_type = MARGIN_TYPE_BFLOAT16;
}

static void other_dim(mpi_case *c)
{
    c->call.dim = 19;
}

static void nan_in_x(mpi_case *c)
{
    c->all.embeddings.at[(c->first_row + 3) * c->call.embeddings_stride + 5] = NAN;
}

static void infinity_in_w(mpi_case *c)
{
    weights_of(c)[4 * c->call.weights_stride] = INFINITY;
}

static void nan_in_target(mpi_case *c)
{
    labels_of(c)[0] = (int64_t)c->first_class + 6;
    weights_of(c)[6 * c->call.weights_stride + 1] = NAN;
}

static void other_class_weight(mpi_case *c)
{
    c->all.class_weight.at[1234] += 1.0f;
}

static void own_row_weight(mpi_case *c)
{
    c->call.row_weight = c->all.row_weight.at;
}

static void negative_scale(mpi_case *c)
{
    c->row_given.at[c->first_row + 2] = -1.0f;
}

static void smoothing(mpi_case *c)
{
    c->call.label_smoothing = 0.1;
}

static void no_weights(mpi_case *c)
{
    c->call.weights = NULL;
}

static void no_size(mpi_case *c)
{
    c->call.size = 0;
}

static void no_grad_weights(mpi_case *c)
{
    c->call.grad_weights = NULL;
}

static void short_stride(mpi_case *c)
{
    c->call.weights_stride = 19;
}

static const refusal refusals[] = {
    {"label C", large_label, 0, DIVISION_EVEN, MARGIN_ERROR_LABEL, MARGIN_ARGUMENT_LABELS, 1,
     "labels, row 1: a label is neither ignored nor in [0, classes) (4100)"},
    {"label -2", negative_label, 0, DIVISION_UNEVEN, MARGIN_ERROR_LABEL, MARGIN_ARGUMENT_LABELS, 2,
     "labels, row 2: "},
    {"dim", other_dim, 0, DIVISION_EVEN, MARGIN_ERROR_SHAPE, MARGIN_ARGUMENT_NONE, 0,
     "dim is 19, but 20 on rank 0"},
    {"NaN in X", nan_in_x, 0, DIVISION_EVEN, MARGIN_ERROR_NONFINITE, MARGIN_ARGUMENT_EMBEDDINGS, 3,
     "embeddings, row 3: "},
    {"infinity in W", infinity_in_w, 0, DIVISION_EVEN, MARGIN_ERROR_NONFINITE,
     MARGIN_ARGUMENT_WEIGHTS, 4, "weights, class 4: "},
    {"infinity in W that moves", infinity_in_w, 0, DIVISION_EDGES, MARGIN_ERROR_NONFINITE,
     MARGIN_ARGUMENT_WEIGHTS, 4, "weights, class 4: "},
    {"NaN in a target", nan_in_target, 0, DIVISION_EVEN, MARGIN_ERROR_NONFINITE,
     MARGIN_ARGUMENT_WEIGHTS, 6, "weights, class 6: "},
    {"class_weight", other_class_weight, EXTRA_CLASS_WEIGHT, DIVISION_EVEN, MARGIN_ERROR_CONFIG,
     MARGIN_ARGUMENT_NONE, 0, "class_weight or class_margin is not that of rank 0"},
    {"row_weight", own_row_weight, 0, DIVISION_EVEN, MARGIN_ERROR_CONFIG, MARGIN_ARGUMENT_NONE, 0,
     "row_weight is given, but not given on rank 0"},
    {"row_scale", negative_scale, EXTRA_ROW_SCALE, DIVISION_EVEN, MARGIN_ERROR_NONFINITE,
     MARGIN_ARGUMENT_ROW_SCALE, 2, "row_scale, row 2: "},
    {"label_smoothing", smoothing, 0, DIVISION_EVEN, MARGIN_ERROR_CONFIG, MARGIN_ARGUMENT_NONE, 0,
     "label_smoothing is 0.1, but 0 on rank 0"},
    {"weights", no_weights, 0, DIVISION_EVEN, MARGIN_ERROR_NULL, MARGIN_ARGUMENT_WEIGHTS, 0,
     "weights: is required, and NULL"},
    {"size", no_size, 0, DIVISION_EVEN, MARGIN_ERROR_SIZE, MARGIN_ARGUMENT_NONE, 0,
     "margin_head.size is not set"},
    {"dW", no_grad_weights, 0, DIVISION_EVEN, MARGIN_ERROR_CONFIG, MARGIN_ARGUMENT_NONE, 0,
     "grad_weights is not given, but given on rank 0"},
    {"consume", no_store, 0, DIVISION_EVEN, MARGIN_ERROR_CONFIG, MARGIN_ARGUMENT_NONE, 0,
     "consume is given, but not given on rank 0"},
    {"class_index", list_classes, 0, DIVISION_EVEN, MARGIN_ERROR_CONFIG, MARGIN_ARGUMENT_NONE, 0,
     "class_index is not possible over ranks"},
    {"type", other_type, 0, DIVISION_EVEN, MARGIN_ERROR_CONFIG, MARGIN_ARGUMENT_NONE, 0,
     "weights_type is bfloat16, but float32 on rank 0"},
    {"stride", short_stride, 0, DIVISION_EVEN, MARGIN_ERROR_SHAPE, MARGIN_ARGUMENT_WEIGHTS, 0,
     "weights: a stride is shorter than dim"},
};

/* Checks that every rank has the error that rank 0 has, and that it is of the last rank. */
static void check_error(const margin_mpi *mpi, const char *name, margin_status status,
                        const char *text)
{
    const margin_mpi_error *error = margin_mpi_fault(mpi);
    margin_mpi_error first = *error;
    char wanted[MARGIN_MPI_TEXT];
    MPI_Bcast(&first, sizeof first, MPI_BYTE, 0, MPI_COMM_WORLD);
    snprintf(wanted, sizeof wanted, "rank %d: %s", test_ranks - 1, text);
    CHECK(error->status == status && error->rank == test_ranks - 1, "%s: status %d, rank %d", name,
          (int)error->status, error->rank);
    CHECK(strncmp(error->text, wanted, strlen(wanted)) == 0, "%s: '%s', not '%s'", name,
          error->text, wanted);
    CHECK(strcmp(error->text, first.text) == 0 && error->status == first.status &&
              error->row == first.row && error->argument == first.argument,
          "%s: rank 0 says '%s', here is '%s'", name, first.text, error->text);
}

static void check_refusal(margin_mpi *mpi, const refusal *r)
{
    mpi_case c = mpi_case_make(refused_shape, r->how, r->extras, test_ranks, test_rank);
    if (test_rank == test_ranks - 1) r->spoil(&c);
    const margin_status status = margin_mpi_head_run(mpi, &c.call);
    CHECK(status == r->status, "%s: %s", r->name, margin_status_text(status));
    check_error(mpi, r->name, r->status, r->text);
    CHECK(margin_mpi_fault(mpi)->argument == r->argument && margin_mpi_fault(mpi)->row == r->row,
          "%s: argument %d, row %zu", r->name, (int)margin_mpi_fault(mpi)->argument,
          margin_mpi_fault(mpi)->row);
    mpi_case_check_untouched(&c);
    mpi_case_free(&c);
}

/* A consumer on all ranks, where the class weights of the last one move, too. */
static void check_consumer_that_moves(margin_mpi *mpi)
{
    mpi_case c = mpi_case_make(refused_shape, DIVISION_EDGES, 0, test_ranks, test_rank);
    no_store(&c);
    CHECK(margin_mpi_head_run(mpi, &c.call) == MARGIN_ERROR_CONFIG, "a consumer of moved classes");
    CHECK(strstr(margin_mpi_fault(mpi)->text, "with consume no class may move") != NULL, "'%s'",
          margin_mpi_fault(mpi)->text);
    mpi_case_check_untouched(&c);
    mpi_case_free(&c);
}

/* The last rank has another configuration. */
static void check_other_config(margin_mpi *mpi, const margin_config *config)
{
    margin_config other = *config;
    mpi_case c = mpi_case_make(refused_shape, DIVISION_EVEN, 0, test_ranks, test_rank);
    other.m2 = 0.25;
    if (test_rank == test_ranks - 1) margin_context_configure(margin_mpi_context(mpi), &other);
    CHECK(margin_mpi_head_run(mpi, &c.call) == MARGIN_ERROR_CONFIG, "another m2 is accepted");
    check_error(mpi, "m2", MARGIN_ERROR_CONFIG, "m2 is 0.25, but 0.5 on rank 0");
    mpi_case_check_untouched(&c);
    mpi_case_free(&c);
    margin_context_configure(margin_mpi_context(mpi), config);
}

/* The last rank has products that the others have not, where its CPU has any. */
static void check_other_products(margin_mpi *mpi, const margin_config *config)
{
    margin_config other = *config;
    other.products = MARGIN_TYPE_BFLOAT16;
    int there = margin_context_configure(margin_mpi_context(mpi), &other) == MARGIN_OK;
    if (test_rank < test_ranks - 1) margin_context_configure(margin_mpi_context(mpi), config);
    MPI_Bcast(&there, 1, MPI_INT, test_ranks - 1, MPI_COMM_WORLD);
    if (!there) return;
    mpi_case c = mpi_case_make(refused_shape, DIVISION_EVEN, 0, test_ranks, test_rank);
    CHECK(margin_mpi_head_run(mpi, &c.call) == MARGIN_ERROR_CONFIG, "other products are accepted");
    check_error(mpi, "products", MARGIN_ERROR_CONFIG,
                "products is bfloat16, but float32 on rank 0");
    mpi_case_check_untouched(&c);
    mpi_case_free(&c);
    margin_context_configure(margin_mpi_context(mpi), config);
}

static void far_label(mpi_case *c)
{
    labels_of(c)[1] = (int64_t)1 << 40;
}

/* A loss on raw inner products measures class weights before labels are checked, and must not take
 * them for places in class_weight. */
static void check_far_label(void)
{
    static const refusal r = {"far label",
                              far_label,
                              EXTRA_CLASS_WEIGHT,
                              DIVISION_EVEN,
                              MARGIN_ERROR_LABEL,
                              MARGIN_ARGUMENT_LABELS,
                              1,
                              "labels, row 1: a label is neither ignored nor in [0, classes)"};
    margin_config config;
    margin_config_init(&config, MARGIN_SOFTMAX);
    config.threads = 1;
    margin_mpi *mpi = test_handle(&config);
    check_refusal(mpi, &r);
    margin_mpi_destroy(mpi);
}

/* The last rank has too small a workspace. */
static void check_workspace(margin_config config)
{
    mpi_case c = mpi_case_make(refused_shape, DIVISION_EVEN, 0, test_ranks, test_rank);
    if (test_rank == test_ranks - 1) config.workspace_bytes = 4096;
    margin_mpi *mpi = test_handle(&config);
    const margin_status status = margin_mpi_head_run(mpi, &c.call);
    CHECK(status == MARGIN_ERROR_WORKSPACE, "workspace: %s", margin_status_text(status));
    check_error(mpi, "workspace", MARGIN_ERROR_WORKSPACE, "");
    CHECK(strstr(margin_mpi_fault(mpi)->text, "bytes are needed)") != NULL, "workspace: '%s'",
          margin_mpi_fault(mpi)->text);
    CHECK(margin_mpi_fault(mpi)->bytes > 4096, "workspace: %zu bytes",
          margin_mpi_fault(mpi)->bytes);
    mpi_case_check_untouched(&c);
    mpi_case_free(&c);
    margin_mpi_destroy(mpi);
}

/* The last rank has a configuration that there is not. */
static void check_creation(margin_config config)
{
    char why[MARGIN_MPI_TEXT] = "", wanted[MARGIN_MPI_TEXT];
    margin_mpi *mpi = NULL;
    if (test_rank == test_ranks - 1) config.m2 = 4.0;
    const margin_status status =
        margin_mpi_create_explained(MPI_COMM_WORLD, &config, 60.0, &mpi, why);
    snprintf(wanted, sizeof wanted, "rank %d: m2 ", test_ranks - 1);
    CHECK(status == MARGIN_ERROR_CONFIG && mpi == NULL, "creation: %s", margin_status_text(status));
    CHECK(strncmp(why, wanted, strlen(wanted)) == 0, "creation: '%s'", why);
    margin_mpi_destroy(mpi);
    margin_config_init(&config, MARGIN_ARCFACE);
    CHECK(margin_mpi_create_explained(MPI_COMM_WORLD, &config, -1.0, &mpi, why) ==
                  MARGIN_ERROR_CONFIG &&
              strncmp(why, "rank 0: a timeout is", 20) == 0,
          "a timeout of -1: '%s'", why);
    CHECK(margin_mpi_create_explained(MPI_COMM_NULL, &config, 0.0, &mpi, why) == MARGIN_ERROR_NULL,
          "MPI_COMM_NULL: '%s'", why);
}

void test_refusals(void)
{
    margin_config config;
    margin_config_init(&config, MARGIN_ARCFACE);
    config.threads = 1;
    margin_mpi *mpi = test_handle(&config);
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        check_refusal(mpi, &refusals[i]);
    check_consumer_that_moves(mpi);
    check_other_config(mpi, &config);
    check_other_products(mpi, &config);
    check_far_label();
    check_workspace(config);
    check_creation(config);
    CHECK(margin_mpi_head_run(NULL, NULL) == MARGIN_ERROR_NULL, "a handle that is NULL");
    CHECK(margin_mpi_set_timeout(mpi, 0.0) == MARGIN_ERROR_CONFIG, "a timeout of 0");
    test_case(mpi, &config, &refused_shape, DIVISION_EDGES, 0); /* it still works */
    margin_mpi_destroy(mpi);
}
