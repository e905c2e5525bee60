// Transforms of pixel values: conversion to grey, and standardisation.
#pragma once

#include "data/transform.h"

#include <vector>

namespace hfc::data {

/// Grey images [n, 1, H, W] from RGB: .299 red + .587 green + .114 blue, the weights of Pillow's
/// convert("L"), which also rounds to bytes. Images that are already grey do not change.
class GreyTransform : public Transform {
  public:
    void apply(TransformBatch& batch) const override;
    std::string describe() const override { return "grey"; }
    Shape shape(const Shape& before) const override { return {1, before[1], before[2]}; }
    bool same_as(const Transform& other) const override;
};

/// (x - mean) / deviation, with one mean and one deviation for all channels, or one of each per
/// channel.
class StandardiseTransform : public Transform {
  public:
    /// Throws Error unless both lists have the same length (1 or `channels`), all numbers are
    /// finite, and the deviations are above 0.
    StandardiseTransform(std::vector<double> mean, std::vector<double> deviation, int64_t channels);
    void apply(TransformBatch& batch) const override;
    std::string describe() const override;
    bool same_as(const Transform& other) const override;

  private:
    std::vector<double> mean_, deviation_;
};

}  // namespace hfc::data
