// Computes only the requested eigenvectors of small symmetric matrices. LAPACK, called through
// LibTorch, computes all of them, at two to four times the cost.
#pragma once

#include <cstdint>
#include <vector>

namespace hfc::decompose {

/// Decomposes one matrix at a time in its own memory: use one object per thread. Householder
/// reflections make the matrix tridiagonal. Implicit QL then computes the eigenvalues and stores
/// its rotations. Each eigenvector is a unit vector transformed back through the rotations and the
/// reflections. The vectors are orthogonal up to rounding, whatever the eigenvalues are. The error
/// is of the order of the rounding error of the largest eigenvalue.
class SymmetricEigen {
  public:
    explicit SymmetricEigen(int64_t n);

    /// matrix: n x n, row-major, finite; only the lower triangle is read.
    void decompose(const double* matrix);

    /// In descending order.
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
    std::vector<double> matrix_;  ///< row i is the reflector that cleared it
    std::vector<double> diagonal_;
    std::vector<double> beside_;  ///< [i] couples rows i and i + 1
    std::vector<double> factors_;
    std::vector<double> scratch_;
    std::vector<double> rotations_;  ///< cosine and sine of each, in the order applied
    std::vector<Sweep> sweeps_;
    std::vector<int64_t> order_;  ///< indices into the diagonal, by descending value
    std::vector<double> values_;
    std::vector<double> block_;
};

}  // namespace hfc::decompose
