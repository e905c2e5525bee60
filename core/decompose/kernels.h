// The most time-consuming loops of the eigenvalue computation, compiled once for AVX2 and once for
// any processor; the program chooses the version when it starts.
#pragma once

#include <cstdint>

namespace hfc::decompose {

/// Eigenvectors are computed this many at a time, so that a block of them fits in the first-level
/// cache.
constexpr int64_t block_width = 16;

/// Reduces a symmetric matrix (n x n, row-major, lower triangle) to tridiagonal form. Row i of the
/// matrix becomes the reflector I - factors[i] v v^T, where v is row i up to the diagonal;
/// beside[i] couples rows i and i + 1. scratch: 4 n.
void tridiagonalise(int64_t n, double* matrix, double* diagonal, double* beside, double* factors,
                    double* scratch);

/// block: [n][block_width]. Undoes `count` rotations, starting with the last one applied; they act
/// on rows begin .. begin + count.
void rotate_back(double* block, int64_t begin, int64_t count, const double* rotations);

/// Applies the reflectors of tridiagonalise() to a block.
void reflect_back(double* block, int64_t n, const double* matrix, const double* factors);

}  // namespace hfc::decompose
