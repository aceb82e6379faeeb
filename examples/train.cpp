/* train.cpp: the training loop of train.c in C++17, through margin.hpp: noisy points around 20
 * directions of the sphere, a linear map to embeddings of 8 dimensions, ArcFace with a rising
 * margin, SGD with momentum. Prints the mean loss and the accuracy on new points of each epoch. */
#include <margin.hpp>

#include <cstdio>
#include <random>
#include <vector>

namespace {

constexpr std::size_t input = 32, dim = 8, classes = 20, batch = 64, steps = 20, epochs = 8;

std::minstd_rand bits(1);

std::vector<float> noise(std::size_t count, float width)
{
    std::normal_distribution<float> normal(0.0f, width);
    std::vector<float> values(count);
    for (float &value : values)
        value = normal(bits);
    return values;
}

struct parameter {
    std::vector<float> value, gradient, velocity;

    explicit parameter(std::size_t count)
        : value(noise(count, 0.1f)), gradient(count), velocity(count)
    {
    }
    void update(float rate)
    {
        for (std::size_t i = 0; i < value.size(); i++) {
            velocity[i] = 0.9f * velocity[i] + gradient[i];
            value[i] -= rate * velocity[i];
        }
    }
};

/* Points of a batch, what the map makes of them, and the gradients that come back. */
struct model {
    parameter map{dim * input}, weights{classes * dim};
    std::vector<float> centres = noise(classes * input, 1.0f), points;
    std::vector<float> embeddings = std::vector<float>(batch * dim), gradient = embeddings;
    std::vector<std::int64_t> labels = std::vector<std::int64_t>(batch), nearest = labels;

    void draw_batch()
    {
        points = noise(batch * input, 1.0f);
        for (std::size_t n = 0; n < batch; n++) {
            labels[n] = static_cast<std::int64_t>(n % classes);
            for (std::size_t i = 0; i < input; i++)
                points[n * input + i] += centres[n % classes * input + i];
            for (std::size_t d = 0; d < dim; d++) {
                float sum = 0;
                for (std::size_t i = 0; i < input; i++)
                    sum += map.value[d * input + i] * points[n * input + i];
                embeddings[n * dim + d] = sum;
            }
        }
    }
    void map_backward()
    {
        map.gradient.assign(dim * input, 0.0f);
        for (std::size_t n = 0; n < batch; n++)
            for (std::size_t d = 0; d < dim; d++)
                for (std::size_t i = 0; i < input; i++)
                    map.gradient[d * input + i] += gradient[n * dim + d] * points[n * input + i];
    }
};

/* Trains on `steps` batches; adds up their losses. */
margin::error train(margin::context &context, model &m, double &loss)
{
    margin::head_call head;
    head.rows = batch, head.dim = dim, head.classes = classes;
    head.embeddings = m.embeddings, head.weights = m.weights.value, head.labels = m.labels;
    head.grad_embeddings = m.gradient, head.grad_weights = m.weights.gradient;
    loss = 0;
    for (std::size_t step = 0; step < steps; step++) {
        m.draw_batch();
        if (auto error = context.run(head)) return error;
        m.map_backward();
        m.map.update(0.01f);
        m.weights.update(0.01f);
        loss += head.loss / steps;
    }
    return margin::error();
}

/* Sets `accuracy` to the share of ten new batches whose nearest class is their own. */
margin::error judge(margin::context &context, model &m, double &accuracy)
{
    margin::predict_call predict;
    predict.rows = batch, predict.dim = dim, predict.classes = classes, predict.k = 1;
    predict.embeddings = m.embeddings, predict.weights = m.weights.value;
    predict.top_classes = m.nearest;
    accuracy = 0;
    for (int k = 0; k < 10; k++) {
        m.draw_batch();
        if (auto error = context.run(predict)) return error;
        for (std::size_t n = 0; n < batch; n++)
            accuracy += (m.nearest[n] == m.labels[n]) / (10.0 * batch);
    }
    return margin::error();
}

int failed(const margin::error &error)
{
    std::fprintf(stderr, "train: %s\n", error.message().c_str());
    return 1;
}

} // namespace

int main()
{
    margin_config config = margin::defaults(MARGIN_ARCFACE);
    config.scale = 16;
    auto context = margin::context::create(config);
    if (!context) return failed(context.error());
    model m;
    for (std::size_t number = 0; number < epochs; number++) {
        double loss = 0, accuracy = 0;
        config.m2 = number < 4 ? 0.1 * static_cast<double>(number) : 0.4; /* the warm-up */
        if (auto error = context->configure(config)) return failed(error);
        if (auto error = train(*context, m, loss)) return failed(error);
        if (auto error = judge(*context, m, accuracy)) return failed(error);
        std::printf("epoch %zu: margin %.1f, loss %.3f, accuracy %.3f\n", number, config.m2, loss,
                    accuracy);
    }
    return 0;
}
