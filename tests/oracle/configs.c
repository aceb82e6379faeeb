/* configs.c: see configs.h. */
#include "configs.h"

#include <stdlib.h>

typedef struct config_list {
    margin_config *configs;
    size_t count;
} config_list;

static void append(config_list *list, const margin_config *config)
{
    if (list->count == CONFIGS_MOST) {
        abort();
    }
    list->configs[list->count++] = *config;
}

static void with_gradients(config_list *list, margin_config config)
{
    for (int mode = 0; mode < MARGIN_GRADIENT_COUNT; mode++) {
        config.gradient = (margin_gradient)mode;
        append(list, &config);
    }
}

static void with_norms_and_lambda(config_list *list, margin_config config)
{
    if (!margin_loss_get(config.loss)->has_lambda) {
        with_gradients(list, config);
        return;
    }
    for (int norm = 0; norm < MARGIN_FEATURE_NORM_COUNT; norm++) {
        for (int k = 0; k < 2; k++) {
            config.feature_norm = (margin_feature_norm)norm;
            config.lambda = 5 * k;
            with_gradients(list, config);
        }
    }
}

static void with_options(config_list *list, margin_config config)
{
    if (!margin_loss_get(config.loss)->has_angle) {
        with_gradients(list, config);
        return;
    }
    for (int how = 0; how < MARGIN_PAST_PI_COUNT; how++) {
        config.past_pi = (margin_past_pi)how;
        with_norms_and_lambda(list, config);
    }
}

size_t every_config(double scale, margin_config configs[CONFIGS_MOST])
{
    config_list list = {configs, 0};

    for (int loss = 0; loss < MARGIN_LOSS_COUNT; loss++) {
        margin_config config;
        if (margin_config_init(&config, (margin_loss)loss) != MARGIN_OK) {
            abort();
        }
        config.scale = scale;
        with_options(&list, config);
        if (config.loss == MARGIN_SPHEREFACE) {
            config.m1 = 4;
            with_options(&list, config);
        } else if (config.loss == MARGIN_COMBINED) {
            config.m1 = 2.3;
            config.m2 = 0.4;
            config.m3 = -0.15;
            with_options(&list, config);
            config.m1 = 0.9;
            with_options(&list, config);
        } else if (config.loss == MARGIN_ARCFACE) {
            config.m2 = 3;
            with_options(&list, config);
        }
    }
    return list.count;
}
