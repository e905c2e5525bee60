#include "decompose/kernels.h"

#include "base/clones.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace hfc::decompose {
namespace {

/// One register of AVX2, or two of SSE2 or of Arm's vectors. The type is explicit because the
/// compiler, left to choose, mixed both vector sizes.
using Four [[gnu::vector_size(32), gnu::aligned(8), gnu::may_alias]] = double;
constexpr int64_t fours = block_width / 4;
static_assert(fours == 4);

/// The vectors that the pass over the triangle uses along a row. The pass applies the pending
/// update A -= v q^T + q v^T and computes product += A next.
struct Along {
    const double* v;
    const double* q;
    const double* next;
    double* product;
};

/// Updates columns `from` .. r of row r; `sum` is the sum over the columns before `from`.
inline void update_row(int64_t r, int64_t from, double* a, double sum, const Along& along) {
    const double v_r = along.v[r], q_r = along.q[r], next_r = along.next[r];
    for (int64_t c = from; c < r; ++c) {
        a[c] -= v_r * along.q[c] + q_r * along.v[c];
        sum += a[c] * along.next[c];
        along.product[c] += next_r * a[c];
    }
    a[r] -= 2 * v_r * q_r;
    along.product[r] += sum + a[r] * next_r;
}

/// Updates rows r and r + 1 together, so that the data along them is read only once.
inline void update_two_rows(int64_t r, double* a, double* b, const Along& along) {
    const double v_a = along.v[r], q_a = along.q[r], next_a = along.next[r];
    const double v_b = along.v[r + 1], q_b = along.q[r + 1], next_b = along.next[r + 1];
    Four sum_a = {}, sum_b = {};
    const int64_t whole = r / 4 * 4;
    for (int64_t c = 0; c < whole; c += 4) {
        const Four v = *reinterpret_cast<const Four*>(along.v + c);
        const Four q = *reinterpret_cast<const Four*>(along.q + c);
        const Four next = *reinterpret_cast<const Four*>(along.next + c);
        Four& in_a = *reinterpret_cast<Four*>(a + c);
        Four& in_b = *reinterpret_cast<Four*>(b + c);
        const Four of_a = in_a - v_a * q - q_a * v;
        const Four of_b = in_b - v_b * q - q_b * v;
        in_a = of_a;
        in_b = of_b;
        sum_a += of_a * next;
        sum_b += of_b * next;
        *reinterpret_cast<Four*>(along.product + c) += next_a * of_a + next_b * of_b;
    }
    update_row(r, whole, a, sum_a[0] + sum_a[1] + sum_a[2] + sum_a[3], along);
    update_row(r + 1, whole, b, sum_b[0] + sum_b[1] + sum_b[2] + sum_b[3], along);
}

/// Computes the reflector that sets the first i - 1 numbers of a row to zero and number i to
/// `beside`. Stores it in the row and in `reflector`. Returns its factor, or 0 if there is nothing
/// to clear.
inline double make_reflector(int64_t i, double* row, double& beside, double* reflector) {
    double rest = 0;
#pragma omp simd reduction(+ : rest)
    for (int64_t c = 0; c < i - 1; ++c) {
        rest += row[c] * row[c];
    }
    const double last = row[i - 1];
    if (rest == 0) {
        beside = last;
        std::fill_n(reflector, i, 0.0);
        return 0;
    }
    const double length = std::sqrt(rest + last * last);
    beside = last > 0 ? -length : length;
    row[i - 1] = last - beside;
    std::copy_n(row, i, reflector);
    // v = x - beside e, v.v = 2 (beside^2 - beside x_last).
    return 1 / (beside * beside - beside * last);
}

/// Turns product = A v into the q of A -= v q^T + q v^T.
inline void finish_product(int64_t i, double factor, const double* v, double* product) {
    double along = 0;
    for (int64_t c = 0; c < i; ++c) {
        along += v[c] * product[c];
    }
    const double half = factor * factor * along / 2;
    for (int64_t c = 0; c < i; ++c) {
        product[c] = factor * product[c] - half * v[c];
    }
}

}  // namespace

HFC_CLONES("arch=x86-64-v3")
void tridiagonalise(int64_t n, double* matrix, double* diagonal, double* beside, double* factors,
                    double* scratch) {
    double* v = scratch;  // the reflector whose update A -= v q^T + q v^T is still pending
    double* q = scratch + n;
    double* next = scratch + 2 * n;  // the reflector that clears the current row
    double* product = scratch + 3 * n;
    for (int64_t k = 0; k < 4 * n; ++k) {
        scratch[k] = 0;
    }
    for (int64_t i = n - 1; i >= 1; --i) {
        double* row = matrix + i * n;
        const double v_here = v[i];
        const double q_here = q[i];
#pragma omp simd
        for (int64_t c = 0; c <= i; ++c) {
            row[c] -= v_here * q[c] + q_here * v[c];
        }
        diagonal[i] = row[i];
        factors[i] = make_reflector(i, row, beside[i - 1], next);
        std::fill_n(product, i, 0.0);
        // One pass over the triangle applies the pending update and computes the product with the
        // next reflector.
        int64_t r = 0;
        for (; r + 1 < i; r += 2) {
            update_two_rows(r, matrix + r * n, matrix + (r + 1) * n, {v, q, next, product});
        }
        if (r < i) {
            update_row(r, 0, matrix + r * n, 0, {v, q, next, product});
        }
        finish_product(i, factors[i], next, product);
        std::swap(v, next);
        std::swap(q, product);
    }
    diagonal[0] = n > 0 ? matrix[0] - 2 * v[0] * q[0] : 0;
}

HFC_CLONES("arch=x86-64-v3")
void rotate_back(double* block, int64_t begin, int64_t count, const double* rotations) {
    Four* row = reinterpret_cast<Four*>(block + begin * block_width);
    Four a = row[0], b = row[1], c = row[2], d = row[3];
    for (int64_t i = count - 1; i >= 0; --i, row += fours) {
        const double cosine = rotations[2 * i];
        const double sine = rotations[2 * i + 1];
        const Four a_below = row[4], b_below = row[5], c_below = row[6], d_below = row[7];
        row[0] = cosine * a + sine * a_below;
        row[1] = cosine * b + sine * b_below;
        row[2] = cosine * c + sine * c_below;
        row[3] = cosine * d + sine * d_below;
        a = cosine * a_below - sine * a;
        b = cosine * b_below - sine * b;
        c = cosine * c_below - sine * c;
        d = cosine * d_below - sine * d;
    }
    row[0] = a;
    row[1] = b;
    row[2] = c;
    row[3] = d;
}

HFC_CLONES("arch=x86-64-v3")
void reflect_back(double* block, int64_t n, const double* matrix, const double* factors) {
    for (int64_t i = 2; i < n; ++i) {
        const double* v = matrix + i * n;
        Four* row = reinterpret_cast<Four*>(block);
        Four a = {}, b = {}, c = {}, d = {};
        for (int64_t r = 0; r < i; ++r, row += fours) {
            a += v[r] * row[0];
            b += v[r] * row[1];
            c += v[r] * row[2];
            d += v[r] * row[3];
        }
        a *= factors[i];
        b *= factors[i];
        c *= factors[i];
        d *= factors[i];
        row = reinterpret_cast<Four*>(block);
        for (int64_t r = 0; r < i; ++r, row += fours) {
            row[0] -= v[r] * a;
            row[1] -= v[r] * b;
            row[2] -= v[r] * c;
            row[3] -= v[r] * d;
        }
    }
}

}  // namespace hfc::decompose
