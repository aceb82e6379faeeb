/* margin.hpp: margin.h and margin_update.h for C++17 and later: a context that releases itself,
 * views that know their length, errors that say what was wrong. Header only, on the functions and
 * structs of these two, whose comments hold here too. It needs neither exceptions nor run-time type
 * information.
 *
 *     margin_config config = margin::defaults(MARGIN_ARCFACE);
 *     auto context = margin::context::create(config);
 *     if (!context) return fail(context.error().message());
 *     margin::head_call head;
 *     head.rows = 64, head.dim = 128, head.classes = 1000;
 *     head.embeddings = x, head.weights = w, head.labels = y; // std::vector<float>, int64_t
 *     head.grad_embeddings = dx, head.grad_weights = dw;
 *     if (auto error = context->run(head)) return fail(error.message());
 *     // head.loss is there
 */
#ifndef MARGIN_HPP
#define MARGIN_HPP

#include "margin_update.h"

#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#if defined(__cpp_exceptions)
#include <stdexcept>
#endif

namespace margin {

/* A pointer and a length: what std::span is in C++20. Made of arrays and of all that has data() and
 * size(): std::vector, std::array, std::span. Empty: not given. It owns nothing. */
template <class T> class view {
    template <class U> using fits = std::enable_if_t<std::is_convertible_v<U (*)[], T (*)[]>>;
    template <class C> using element = std::remove_pointer_t<decltype(std::declval<C &>().data())>;

public:
    constexpr view() = default;
    constexpr view(T *data, std::size_t size) : data_(data), size_(size) {}
    template <class U, std::size_t n, class = fits<U>>
    constexpr view(U (&array)[n]) : data_(array), size_(n) {}
    template <class C, class = fits<element<C>>>
    constexpr view(C &from) : view(from.data(), from.size()) {}
    template <class C, class = fits<element<const C>>>
    constexpr view(const C &from) : view(from.data(), from.size()) {}
    constexpr T *data() const { return data_; }
    constexpr std::size_t size() const { return size_; }

private:
    T *data_ = nullptr;
    std::size_t size_ = 0;
};

/* What was wrong in a call: true where something was. `array` names the argument, or is nullptr;
 * where its length does not fit the shape, the next two are lengths in elements, else 0. */
struct error : margin_fault {
    const char *array = nullptr;
    std::size_t expected = 0, found = 0;
    error() : error(MARGIN_OK, "success") {}
    error(margin_status status_, const char *detail_) : margin_fault()
    {
        status = status_, detail = detail_;
    }
    explicit error(const margin_fault &fault) : margin_fault(fault)
    {
        if (fault.argument != MARGIN_ARGUMENT_NONE) array = margin_argument_name(fault.argument);
    }
    explicit operator bool() const { return status != MARGIN_OK; }
    /* Returns one line, as "labels, row 3: a label is neither ignored nor in [0, classes) (7)". */
    std::string message() const
    {
        std::string text = array != nullptr ? array : "margin";
        if (status == MARGIN_ERROR_LABEL || status == MARGIN_ERROR_NONFINITE)
            text += ", row " + std::to_string(row);
        text += std::string(": ") + detail;
        if (expected != found)
            text += " (elements: " + std::to_string(expected) + " expected, " +
                    std::to_string(found) + " found)";
        if (status == MARGIN_ERROR_LABEL) text += " (" + std::to_string(value) + ")";
        if (bytes != 0) text += " (workspace_bytes: at least " + std::to_string(bytes) + ")";
        return text;
    }
};

/* A value, or the error for which there is none: ask `if (result)` before * and ->. */
template <class T> class result {
public:
    result(T &&value) : value_(std::move(value)) {}
    result(const margin::error &error) : error_(error) {}
    explicit operator bool() const { return !error_; }
    T &operator*() { return value_; }
    T *operator->() { return &value_; }
    const margin::error &error() const { return error_; }
#if defined(__cpp_exceptions)
    /* Returns the value, or throws the error's message. */
    T value() &&
    {
        if (error_) throw std::runtime_error(error_.message());
        return std::move(value_);
    }
#endif

private:
    T value_;
    margin::error error_;
};

/* Returns the defaults of `loss`; the configuration of a loss that is none is refused later. */
inline margin_config defaults(margin_loss loss)
{
    margin_config config = margin_config();
    config.size = sizeof config, config.loss = loss;
    (void)margin_config_init(&config, loss);
    return config;
}

/* An optimizer's step, with views in place of the pointers of margin_update: calls point to it. */
struct update : margin_update {
    explicit update(margin_update_rule rule_) : margin_update() { margin_update_init(this, rule_); }
    view<float> weights, moment1, moment2, bias, bias_moment1, bias_moment2;
};

/* The calls: the structs of margin.h, with views in place of the pointers of the same names. */
struct head_call : margin_head {
    head_call() : margin_head(MARGIN_HEAD_INIT) {}
    view<const float> embeddings, weights, bias, row_weight, class_weight, row_margin, class_margin;
    view<const float> row_scale;
    view<const std::int64_t> labels, class_index;
    view<float> row_loss, row_angle, row_others, grad_embeddings, grad_weights, grad_bias;
    view<std::uint8_t> row_correct;
    margin::update *update = nullptr; /* changes the class weights, in place of grad_weights;
                                         weights and bias may be left to it */
};

struct rows_call : margin_rows {
    rows_call() : margin_rows(MARGIN_ROWS_INIT) {}
    view<const float> logits, row_scale, row_weight, class_weight, row_margin, class_margin;
    view<const std::int64_t> labels;
    view<float> row_loss, grad_logits, row_others;
};

struct predict_call : margin_predict {
    predict_call() : margin_predict(MARGIN_PREDICT_INIT) {}
    view<const float> embeddings, weights, bias;
    view<std::int64_t> top_classes;
    view<float> top_values;
};

struct sample_call : margin_sample {
    sample_call() : margin_sample(MARGIN_SAMPLE_INIT) {}
    view<const std::int64_t> labels;
    view<std::int64_t> class_index; /* its length is the capacity */
};

namespace detail {
/* Turns views into pointers, and keeps the first view whose length does not fit the shape: rows
 * times columns, or with a stride at least to the end of the last row. Products that overflow are
 * the library's to refuse: it judges the shape itself. */
struct lengths {
    error fault;
    template <class T>
    T *operator()(const char *array, view<T> given, std::size_t count, std::size_t columns = 1,
                  std::size_t stride = 0)
    {
        if (given.size() == 0) return nullptr;
        const std::size_t wide = stride != 0 ? stride : columns, found = given.size();
        const std::size_t expected = count != 0 ? (count - 1) * wide + columns : 0;
        if (!fault && (found < expected || (found > expected && stride == 0))) {
            fault = error(MARGIN_ERROR_SHAPE, "the length does not fit the shape");
            fault.array = array, fault.expected = expected, fault.found = found;
        }
        return given.data();
    }
};

struct destroy {
    void operator()(margin_context *context) const { margin_destroy(context); }
};
} // namespace detail

/* A margin_context, released with it; it can be moved, not copied. One thread at a time. Every call
 * returns an error, which is false where there was none. */
class context {
public:
    context() = default; /* none: its calls are refused */
    static result<context> create(const margin_config &config)
    {
        margin_context *made = nullptr;
        const char *why = nullptr;
        const margin_status status = margin_create_explained(&config, &made, &why);
        if (status != MARGIN_OK) return error(status, why);
        return context(made);
    }
    margin_context *get() const { return handle_.get(); } /* for the functions of margin.h */
    [[nodiscard]] error configure(const margin_config &config)
    {
        return judge(margin_context_configure(get(), &config));
    }
    [[nodiscard]] error run(head_call &h)
    {
        margin_head &c = h;
        detail::lengths at;
        c.embeddings = at("embeddings", h.embeddings, c.rows, c.dim, c.embeddings_stride);
        c.class_index = at("class_index", h.class_index, c.classes);
        /* Of a list only the last class says how many rows W has at least. */
        const bool lists = c.class_index != nullptr && c.classes != 0;
        const std::size_t classes =
            lists ? static_cast<std::size_t>(c.class_index[c.classes - 1]) + 1 : c.classes;
        const std::size_t stride = lists && c.weights_stride == 0 ? c.dim : c.weights_stride;
        c.weights = at("weights", h.weights, classes, c.dim, stride);
        c.bias = at("bias", h.bias, classes, 1, lists);
        c.row_angle = at("row_angle", h.row_angle, c.rows);
        c.row_correct = at("row_correct", h.row_correct, c.rows);
        c.grad_embeddings =
            at("grad_embeddings", h.grad_embeddings, c.rows, c.dim, c.grad_embeddings_stride);
        c.grad_weights =
            at("grad_weights", h.grad_weights, c.classes, c.dim, c.grad_weights_stride);
        c.grad_bias = at("grad_bias", h.grad_bias, c.classes);
        take_rows(h, c, at, classes, lists);
        if (c.consume == margin_update_consume) c.consume = nullptr; /* an earlier call's */
        if (h.update != nullptr) take_update(*h.update, c, at);
        margin_status status = MARGIN_OK;
        if (!at.fault && h.update != nullptr) status = margin_update_attach(get(), h.update, &c);
        if (at.fault || status != MARGIN_OK) return at.fault ? at.fault : judge(status);
        return judge(margin_head_run(get(), &c));
    }
    [[nodiscard]] error run(rows_call &r)
    {
        margin_rows &c = r;
        detail::lengths at;
        c.logits = at("logits", r.logits, c.rows, c.classes, c.logits_stride);
        c.grad_logits = at("grad_logits", r.grad_logits, c.rows, c.classes, c.grad_logits_stride);
        take_rows(r, c, at, c.classes, 0);
        return at.fault ? at.fault : judge(margin_rows_run(get(), &c));
    }
    [[nodiscard]] error run(predict_call &p)
    {
        margin_predict &c = p;
        detail::lengths at;
        c.embeddings = at("embeddings", p.embeddings, c.rows, c.dim, c.embeddings_stride);
        c.weights = at("weights", p.weights, c.classes, c.dim, c.weights_stride);
        c.bias = at("bias", p.bias, c.classes);
        c.top_classes = at("top_classes", p.top_classes, c.rows, c.k);
        c.top_values = at("top_values", p.top_values, c.rows, c.k);
        return at.fault ? at.fault : judge(margin_head_predict(get(), &c));
    }
    [[nodiscard]] error run(sample_call &s)
    {
        margin_sample &c = s;
        detail::lengths at;
        c.labels = at("labels", s.labels, c.rows);
        c.class_index = s.class_index.data(), c.capacity = s.class_index.size();
        return at.fault ? at.fault : judge(margin_sample_run(get(), &c));
    }

private:
    explicit context(margin_context *made) : handle_(made) {}
    /* Takes an update's arrays; its class weights and bias are the call's where that has none. */
    static void take_update(update &u, margin_head &c, detail::lengths &at)
    {
        margin_update &s = u;
        s.classes = c.classes, s.dim = c.dim;
        s.weights = at("weights", u.weights, s.classes, s.dim, s.weights_stride);
        s.moment1 = at("moment1", u.moment1, s.classes, s.dim, s.moments_stride);
        s.moment2 = at("moment2", u.moment2, s.classes, s.dim, s.moments_stride);
        s.bias = at("bias", u.bias, s.classes);
        s.bias_moment1 = at("bias_moment1", u.bias_moment1, s.classes);
        s.bias_moment2 = at("bias_moment2", u.bias_moment2, s.classes);
        if (c.weights == nullptr) c.weights = s.weights, c.weights_stride = s.weights_stride;
        if (c.bias == nullptr) c.bias = s.bias;
    }
    /* Takes the arrays that the head and the rows level both have; those of classes have so many
     * elements, or with a stride at least so many. */
    template <class Call, class Struct>
    static void take_rows(const Call &call, Struct &c, detail::lengths &at, std::size_t classes,
                          std::size_t stride)
    {
        c.labels = at("labels", call.labels, c.rows);
        c.row_weight = at("row_weight", call.row_weight, c.rows);
        c.class_weight = at("class_weight", call.class_weight, classes, 1, stride);
        c.row_margin = at("row_margin", call.row_margin, c.rows);
        c.class_margin = at("class_margin", call.class_margin, classes, 1, stride);
        c.row_scale = at("row_scale", call.row_scale, c.rows);
        c.row_loss = at("row_loss", call.row_loss, c.rows);
        c.row_others = at("row_others", call.row_others, c.rows);
    }

    error judge(margin_status status) const
    {
        if (status == MARGIN_OK) return error();
        if (!handle_) return error(status, "the context was never created, or moved away");
        const margin_fault &fault = *margin_context_fault(get());
        return fault.status == status ? error(fault) : error(status, margin_status_text(status));
    }

    std::unique_ptr<margin_context, detail::destroy> handle_;
};
} // namespace margin
#endif
