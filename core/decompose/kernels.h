// The loops in which the time of an eigenvalue problem goes, compiled for AVX2 and for any
// processor; chosen when the program starts.
#pragma once

#include <cstdint>

namespace hfc::decompose {

/// Eigenvectors are made this many at a time, so that a block of them stays in the nearest cache.
constexpr int64_t block_width = 16;

/// Clears a symmetric matrix (n x n, row-major, lower triangle) but for the diagonal and its
/// neighbours. Row i of the matrix becomes the reflector I - factors[i] v v^T, v = row i up to the
/// diagonal; beside[i] couples i and i + 1. scratch: 4 n.
void tridiagonalise(int64_t n, double* matrix, double* diagonal, double* beside, double* factors,
                    double* scratch);

/// block: [n][block_width]. Takes back `count` rotations, the last applied first; they act on rows
/// begin .. begin + count.
void rotate_back(double* block, int64_t begin, int64_t count, const double* rotations);

/// Applies the reflectors of tridiagonalise() to a block.
void reflect_back(double* block, int64_t n, const double* matrix, const double* factors);

}  // namespace hfc::decompose
