// Eigenvectors of small symmetric matrices, as many as are asked for. LAPACK through LibTorch
// computes all of them, at two to four times the cost.
#pragma once

#include <cstdint>
#include <vector>

namespace hfc::decompose {

/// One matrix at a time, in memory of its own: one object a thread.
/// Householder reflections to tridiagonal form, implicit QL for the eigenvalues, whose rotations
/// are kept; an eigenvector is a unit vector sent back through both. Orthogonal to rounding
/// whatever the eigenvalues are. Accurate to rounding of the largest eigenvalue.
class SymmetricEigen {
  public:
    explicit SymmetricEigen(int64_t n);

    /// matrix: n x n, row-major, finite; the lower triangle is read.
    void decompose(const double* matrix);

    /// Falling.
    const std::vector<double>& values() const { return values_; }

    /// Writes the unit eigenvectors of values()[first .. first + count - 1] as columns: out[row *
    /// stride + j].
    void vectors(int64_t first, int64_t count, float* out, int64_t stride);

  private:
    struct Sweep {
        int64_t begin;  ///< the rotations act on rows begin .. begin + count
        int64_t count;
    };

    void find_values();
    void sweep(int64_t begin, int64_t end);

    int64_t n_;
    std::vector<double> matrix_;  ///< row i: the reflector that cleared it
    std::vector<double> diagonal_;
    std::vector<double> beside_;  ///< [i] couples i and i + 1
    std::vector<double> factors_;
    std::vector<double> scratch_;
    std::vector<double> rotations_;  ///< cosine and sine of each, in the order applied
    std::vector<Sweep> sweeps_;
    std::vector<int64_t> order_;  ///< of the diagonal, by falling value
    std::vector<double> values_;
    std::vector<double> block_;
};

}  // namespace hfc::decompose
