#pragma once

/* A quantity that changes in steps over time: the first point is at 0, each holds until the next one. Times
 * are relative and may be negative: before 0 the first value holds. */

#include "base/macro.h"

#define CURVE_POINTS_MAX 100

typedef struct CurvePoint {
        int64_t from; /* microseconds */
        double value;
} CurvePoint;

typedef struct Curve {
        CurvePoint *points; /* ascending; owned */
        size_t n_points;    /* 0: the value is 0 throughout */
} Curve;

void curve_done(Curve *c);
int curve_set_constant(Curve *c, double value);

double curve_at(const Curve *c, int64_t t);
/* The first change after t; INT64_MAX: none. */
int64_t curve_next_change(const Curve *c, int64_t t);
/* The integral from 0 to t in value times seconds; negative for t < 0. */
double curve_integral(const Curve *c, int64_t t);
