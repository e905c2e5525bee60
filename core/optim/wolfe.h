// A line search for the strong Wolfe conditions.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

namespace hfc::optim {

/// The loss and the flattened gradient for given values of the parameters.
struct Point {
    double loss;
    at::Tensor gradient;
};

struct LineSearchResult {
    Point point;
    double length;  ///< the length of the step, in multiples of the direction
    int evaluations;
};

/// Searches along `direction` from `start`, where the directional derivative is `slope`, for a step
/// after which the loss and its slope are small enough: Nocedal and Wright, algorithms 3.5 and 3.6,
/// as implemented in PyTorch. `probe` returns the Point at a step length; `length` is the first
/// length to try.
LineSearchResult search_strong_wolfe(const std::function<Point(double)>& probe, double length,
                                     const at::Tensor& direction, const Point& start, double slope,
                                     double most_evaluations);

}  // namespace hfc::optim
