/* calls.cpp: what calls.c computes, through margin.hpp: it prints the same lines. Then wrong calls:
 * each must be refused with the message written here. */
#include <margin.hpp>

#include <array>
#include <cstdio>
#include <cstring>
#include <vector>
#if __cplusplus >= 202002L
#include <span>
#endif

namespace
{

constexpr std::size_t ROWS = 6, DIM = 20, CLASSES = 9, TOP = 3;

std::vector<float> filled(std::size_t count, std::uint32_t state)
{
    std::vector<float> array(count);
    for (float &value : array) {
        state = state * 1664525u + 1013904223u;
        value = static_cast<float>(state >> 8) / 8388608.0f - 1.0f;
    }
    return array;
}

void print(const char *name, const std::vector<float> &array)
{
    std::printf("%s", name);
    for (const float value : array)
        std::printf(" %a", static_cast<double>(value));
    std::printf("\n");
}

/* Returns 1 unless the message is the one that is wanted; "" is success. */
int is_wrong(const margin::error &error, const char *wanted)
{
    const std::string message = error ? error.message() : "";
    if (message == wanted) return 0;
    std::fprintf(stderr, "calls: '%s', not '%s'\n", message.c_str(), wanted);
    return 1;
}

struct arrays {
    std::vector<float> x = filled(ROWS * DIM, 1), w = filled(CLASSES * DIM, 2);
    const std::vector<float> cosines = filled(ROWS * CLASSES, 3);
    std::array<std::int64_t, ROWS> labels = {0, 1, 2, 3, -1, 5};
    std::vector<float> dx = std::vector<float>(ROWS * DIM), dw = std::vector<float>(CLASSES * DIM);
    std::vector<float> slopes = std::vector<float>(ROWS * CLASSES);
    std::vector<float> values = std::vector<float>(ROWS * TOP);
    std::int64_t classes[ROWS * TOP] = {};
};

margin::head_call head_of(arrays &a)
{
    margin::head_call head;
    head.rows = ROWS, head.dim = DIM, head.classes = CLASSES;
    head.weights = a.w, head.labels = a.labels;
#if __cplusplus >= 202002L
    head.embeddings = std::span<const float>(a.x);
    head.grad_embeddings = std::span(a.dx);
#else
    head.embeddings = a.x, head.grad_embeddings = a.dx;
#endif
    head.grad_weights = margin::view<float>(a.dw.data(), a.dw.size());
    return head;
}

int run_all(margin::context &context, arrays &a)
{
    margin::head_call head = head_of(a);
    if (is_wrong(context.run(head), "")) return 1;
    std::printf("head %a %a %zu %zu\n", head.loss, head.mean_loss, head.counted, head.tied);
    print("dx", a.dx);
    print("dw", a.dw);
    margin::rows_call rows;
    rows.rows = ROWS, rows.classes = CLASSES;
    rows.logits = a.cosines, rows.labels = a.labels, rows.grad_logits = a.slopes;
    if (is_wrong(context.run(rows), "")) return 1;
    std::printf("rows %a %a %zu\n", rows.loss, rows.mean_loss, rows.counted);
    print("slopes", a.slopes);
    margin::predict_call predict;
    predict.rows = ROWS, predict.dim = DIM, predict.classes = CLASSES, predict.k = TOP;
    predict.embeddings = a.x, predict.weights = a.w;
    predict.top_classes = a.classes, predict.top_values = a.values;
    if (is_wrong(context.run(predict), "")) return 1;
    print("values", a.values);
    for (const std::int64_t value : a.classes)
        std::printf("%lld\n", static_cast<long long>(value));
    return 0;
}

/* Returns 0 where a step of SGD on its way is that by the stored dW. */
int run_update(margin::context &context, arrays &a)
{
    std::vector<float> stored = a.w, fused = a.w, zeros(CLASSES * DIM), momentum = zeros;
    margin::update sgd(MARGIN_UPDATE_SGD);
    sgd.learning_rate = 0.1, sgd.momentum = 0.9, sgd.nesterov = 1;
    sgd.weights = fused, sgd.moment1 = momentum;
    margin::head_call head = head_of(a);
    head.weights = {}, head.grad_weights = {}, head.update = &sgd;
    if (is_wrong(context.run(head), "")) return 1;
    margin_update &plain = sgd;
    plain.weights = stored.data(), plain.moment1 = zeros.data();
    const margin_status status = margin_update_run(context.get(), &plain, a.dw.data(), 0, nullptr);
    int wrong = status != MARGIN_OK || stored != fused || zeros != momentum || fused == a.w;
    if (wrong) std::fprintf(stderr, "calls: an update on its way is another\n");
    sgd.moment1 = {};
    wrong += is_wrong(context.run(head), "weights: the update has no array of first moments");
    sgd.moment1 = margin::view<float>(momentum.data(), 7);
    wrong += is_wrong(context.run(head), "moment1: the length does not fit the shape "
                                         "(elements: 180 expected, 7 found)");
    head.update = nullptr;
    wrong += is_wrong(context.run(head), "weights: is required, and NULL");
    head = head_of(a);
    return wrong + is_wrong(context.run(head), "");
}

/* The classes of the batch and some others: the head over these rows of W is the head over a copy
 * of them. */
int run_sampled(margin::context &context, arrays &a)
{
    std::vector<std::int64_t> list(CLASSES);
    margin::sample_call sample;
    sample.rows = ROWS, sample.classes = sample.count = CLASSES, sample.rate = 0.5;
    sample.labels = a.labels, sample.class_index = list;
    if (is_wrong(context.run(sample), "")) return 1;
    list.resize(sample.found);
    margin::head_call head = head_of(a), copy = head_of(a);
    head.classes = copy.classes = list.size();
    head.class_index = list;
    head.grad_weights = margin::view<float>(a.dw.data(), list.size() * DIM);
    std::vector<float> w, dw(list.size() * DIM);
    std::array<std::int64_t, ROWS> places = a.labels;
    for (std::size_t k = 0; k < list.size(); k++) {
        const float *row = a.w.data() + static_cast<std::size_t>(list[k]) * DIM;
        w.insert(w.end(), row, row + DIM);
        for (std::size_t i = 0; i < ROWS; i++)
            if (a.labels[i] == list[k]) places[i] = static_cast<std::int64_t>(k);
    }
    copy.weights = w, copy.labels = places, copy.grad_weights = dw;
    if (is_wrong(context.run(head), "") || is_wrong(context.run(copy), "")) return 1;
    const bool same = std::memcmp(dw.data(), a.dw.data(), dw.size() * sizeof(float)) == 0;
    if (list.size() >= CLASSES || !same || head.loss != copy.loss) {
        std::fprintf(stderr, "calls: %zu sampled classes: another head\n", list.size());
        return 1;
    }
    std::vector<std::int64_t> few(2);
    sample.class_index = few;
    list[0] = list[1];
    head.class_index = list;
    return is_wrong(context.run(sample), "class_index: capacity is less than the classes that are "
                                         "sampled: `found` says how many") +
           is_wrong(context.run(head), "class_index: class numbers must rise from one to the next, "
                                       "from 0 or more");
}

int refused_calls(margin::context &context, arrays &a)
{
    int wrong = 0;
    margin::head_call head = head_of(a);
    head.dim = DIM + 1;
    wrong += is_wrong(context.run(head), "embeddings: the length does not fit the shape "
                                         "(elements: 126 expected, 120 found)");
    head = head_of(a);
    head.grad_weights_stride = DIM + 1;
    wrong += is_wrong(context.run(head), "grad_weights: the length does not fit the shape "
                                         "(elements: 188 expected, 180 found)");
    head = head_of(a);
    head.labels = {};
    wrong += is_wrong(context.run(head), "labels: is required, and NULL");
    a.labels[3] = CLASSES;
    head = head_of(a);
    wrong += is_wrong(context.run(head),
                      "labels, row 3: a label is neither ignored nor in [0, classes) (9)");
    margin_config config = margin::defaults(MARGIN_ARCFACE);
    config.m2 = 4;
    wrong += is_wrong(context.configure(config), "margin: m2 must be in [0, pi)");
    auto none = margin::context::create(config);
    wrong += is_wrong(none.error(), "margin: m2 must be in [0, pi)");
    const margin_config unknown = margin::defaults(MARGIN_LOSS_COUNT);
    wrong += is_wrong(margin::context::create(unknown).error(), "margin: unknown loss");
#if defined(__cpp_exceptions)
    try {
        const margin::context never = margin::context::create(config).value();
        wrong += is_wrong(margin::error(), "an exception");
    } catch (const std::runtime_error &caught) {
        wrong += std::strcmp(caught.what(), "margin: m2 must be in [0, pi)") != 0;
    }
#endif
    margin::context moved = std::move(context);
    wrong += is_wrong(context.run(head), "margin: the context was never created, or moved away");
    return wrong;
}

} // namespace

int main()
{
    static_assert(!std::is_copy_constructible_v<margin::context>, "two owners of one context");
    static_assert(!std::is_constructible_v<margin::view<float>, const std::vector<float> &>,
                  "what is constant can be written to");
    arrays a;
    margin_config config = margin::defaults(MARGIN_ARCFACE);
    config.scale = 16;
    config.threads = 2;
    auto context = margin::context::create(config);
    if (!context) return is_wrong(context.error(), "");
    return run_all(*context, a) != 0 || run_update(*context, a) != 0 ||
           run_sampled(*context, a) != 0 || refused_calls(*context, a) != 0;
}
