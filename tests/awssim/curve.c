#include "awssim/curve.h"

#include "base/alloc.h"

void curve_done(Curve *c) {
        free(c->points);
        *c = (Curve){};
}

int curve_set_constant(Curve *c, double value) {
        CurvePoint *p = alloc_one(CurvePoint);

        if (!p)
                return -ENOMEM;
        p->value = value;
        curve_done(c);
        *c = (Curve){ .points = p, .n_points = 1 };
        return 0;
}

double curve_at(const Curve *c, int64_t t) {
        double value = c->n_points > 0 ? c->points[0].value : 0;

        for (size_t i = 0; i < c->n_points && c->points[i].from <= t; i++)
                value = c->points[i].value;
        return value;
}

int64_t curve_next_change(const Curve *c, int64_t t) {
        for (size_t i = 1; i < c->n_points; i++)
                if (c->points[i].from > t)
                        return c->points[i].from;
        return INT64_MAX;
}

double curve_integral(const Curve *c, int64_t t) {
        double sum = 0;

        if (c->n_points == 0)
                return 0;
        if (t <= 0)
                return c->points[0].value * (double) t / 1e6;
        for (size_t i = 0; i < c->n_points && c->points[i].from < t; i++) {
                int64_t end = i + 1 < c->n_points ? MIN(c->points[i + 1].from, t) : t;

                sum += c->points[i].value * (double) (end - c->points[i].from) / 1e6;
        }
        return sum;
}
