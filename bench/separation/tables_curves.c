/* tables_curves.c: the tables of figures without training (see tables.h). Must not know how their
 * numbers come about or how a figure looks. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tables.h"

static const char *text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static double number(const json_t *object, const char *key)
{
    const json_t *const value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

/* A coordinate of a point of a curve. */
static double at(const json_t *curve, size_t point, size_t axis)
{
    const json_t *const value =
        json_array_get(json_array_get(json_object_get(curve, "points"), point), axis);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static size_t points_of(const json_t *curve)
{
    return json_array_size(json_object_get(curve, "points"));
}

static void write_curves(tables *out, const char *name, const json_t *curves)
{
    const json_t *curve;
    size_t i;
    table_begin(out, name, "#series loss x y");
    json_array_foreach(curves, i, curve)
    {
        table_series(out, text(curve, "loss"), "%s", text(curve, "label"));
        for (size_t k = 0; k < points_of(curve); k++)
            table_row(out, "gg", at(curve, k, 0), at(curve, k, 1));
    }
    table_end(out);
}

/* The curve itself, or the upper one of the bracket whose lower one it is. */
static const json_t *upper_of(const json_t *curves, const json_t *lower)
{
    const json_t *curve;
    size_t i;
    json_array_foreach(curves, i, curve)
    {
        if (text(curve, "side") != NULL && strcmp(text(curve, "side"), "high") == 0 &&
            json_equal(json_object_get(curve, "label"), json_object_get(lower, "label")) &&
            json_equal(json_object_get(curve, "panel"), json_object_get(lower, "panel")))
            return curve;
    }
    return lower;
}

/* A second y stands where a bound is known as a bracket only. */
static void write_bounds(tables *out, const json_t *curves)
{
    const json_t *curve;
    size_t i;
    table_begin(out, "bounds", "#series panel x y high");
    json_array_foreach(curves, i, curve)
    {
        const json_t *const upper = upper_of(curves, curve);
        table_series(out, text(curve, "panel"), "%s", text(curve, "label"));
        for (size_t k = 0; k < points_of(curve) && (upper != curve || text(curve, "side") == NULL);
             k++)
            table_row(out, "ggg", at(curve, k, 0), at(curve, k, 1), at(upper, k, 1));
    }
    table_end(out);
}

/* The angles of this kind that drawing directions gave in so many dimensions. */
static void drawn_rows(tables *out, const json_t *drawn, double dim, const char *kind)
{
    const json_t *row;
    size_t i;
    json_array_foreach(drawn, i, row)
    {
        char words[24], angle[40], error[40];
        snprintf(words, sizeof words, "%g", dim);
        snprintf(angle, sizeof angle, "%s_deg", kind);
        snprintf(error, sizeof error, "%s_error_deg", kind);
        const double twice = 2 * number(row, error);
        if (!(number(row, "dim") < dim) && !(number(row, "dim") > dim) &&
            !isnan(number(row, angle))) {
            table_series(out, words, "drawn_%s", kind);
            table_row(out, "ggg", number(row, "n"), number(row, angle), isnan(twice) ? 0.0 : twice);
        }
    }
}

/* Theory, then what drawing directions gave with twice its standard error. */
static void write_sphere_size(tables *out, const json_t *figure)
{
    const json_t *row;
    size_t i;
    char dim[24];
    table_begin(out, "sphere_size", "#series dim n angle_deg twice_error");
    json_array_foreach(json_object_get(figure, "curves"), i, row)
    {
        snprintf(dim, sizeof dim, "%g", number(row, "dim"));
        table_series(out, dim, "%s", text(row, "kind"));
        for (size_t k = 0; k < points_of(row); k++)
            table_row(out, "ggg", at(row, k, 0), at(row, k, 1), 0.0);
    }
    json_array_foreach(json_object_get(figure, "curves"), i, row)
    {
        if (strcmp(text(row, "kind"), "asymptotic") != 0)
            drawn_rows(out, json_object_get(figure, "drawn"), number(row, "dim"),
                       text(row, "kind"));
    }
    table_end(out);
}

/* Features that move without a network, by the angle between neighbouring classes. */
static void write_constancy_free(tables *out, const json_t *figure)
{
    const json_t *row;
    size_t i;
    table_begin(out, "constancy_free", "#series loss apart_deg gap_deg");
    json_array_foreach(json_object_get(figure, "free_features"), i, row)
    {
        table_series(out, text(row, "loss"), "%g", number(row, "margin"));
        table_row(out, "gg", 360 / number(row, "classes"), number(row, "gap_deg"));
    }
    table_end(out);
}

void tables_of_curves(tables *out, const json_t *figures)
{
    static const char *const names[][2] = {{"arcface-fig4b", "arcface_fig4b"},
                                           {"arcface-fig5", "arcface_fig5"},
                                           {"cosface-fig2", "cosface_fig2"},
                                           {"amsoftmax-psi", "amsoftmax_psi"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const json_t *const figure = json_object_get(figures, names[i][0]);
        write_curves(out, names[i][1], json_object_get(figure, "curves"));
    }
    write_bounds(out, json_object_get(json_object_get(figures, "bounds"), "curves"));
    write_sphere_size(out, json_object_get(figures, "sphere-size"));
    write_constancy_free(out, json_object_get(figures, "constancy"));
}
