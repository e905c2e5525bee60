#include "decompose/decompose.h"

#include "base/file.h"
#include "decompose/spectrum.h"
#include "model/reference.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace hfc::decompose {
namespace {

using test::distance;
using test::error_of;
using testing::HasSubstr;

/// A case of make_decompose.py.
struct Case {
    std::string name;
    at::Tensor images;
    std::vector<int64_t> ranks;
    std::vector<double> shares;
    std::vector<std::vector<int64_t>> ranks_of_shares;
    std::vector<at::Tensor> low;  ///< of the ranks, then of the shares
};

std::vector<Case> cases() {
    auto bytes = read_file(HFC_FIXTURES "/decompose/reference.bin");
    const auto numbers =
        at::from_blob(bytes.data(), {static_cast<int64_t>(bytes.size() / 4)}, at::kFloat).clone();
    int64_t at = 0;
    std::vector<Case> all;
    for (const auto& record :
         nlohmann::json::parse(read_file(HFC_FIXTURES "/decompose/reference.json"))) {
        const auto shape = record["shape"].get<std::vector<int64_t>>();
        const auto next = [&] {
            const auto count = shape[0] * shape[1] * shape[2];
            at += count;
            return numbers.narrow(0, at - count, count).reshape(shape);
        };
        Case one{record["name"],
                 next(),
                 record["ranks"],
                 record["shares"],
                 record["ranks_of_shares"],
                 {}};
        for (size_t i = 0; i < one.ranks.size() + one.shares.size(); ++i) {
            one.low.push_back(next());
        }
        all.push_back(one);
    }
    return all;
}

/// Images whose singular values fall as those of photographs do.
at::Tensor photographs(int64_t count, int64_t size) {
    const auto noise = test::formula_values(count * size * size, 42)
                           .reshape({count, 1, size, size})
                           .to(at::kFloat);
    auto x = noise * 0.05 + 0.3;
    for (const double radius : {1.0, 3.0, 8.0, 20.0}) {
        x = x + frequency::low_pass(noise, radius) * 0.4;
    }
    return x;
}

at::Tensor exact_low(const at::Tensor& x, int64_t rank) {
    const auto [u, s, vh] = at::linalg_svd(x.to(at::kDouble), /*full_matrices=*/false);
    return at::matmul(u.narrow(-1, 0, rank) * s.narrow(-1, 0, rank).unsqueeze(-2),
                      vh.narrow(-2, 0, rank));
}

TEST(Split, equals_numpy) {
    for (const auto& one : cases()) {
        const auto parts = decompose::split(one.images, one.ranks);
        for (size_t i = 0; i < one.ranks.size(); ++i) {
            EXPECT_LT(distance(parts.low[i], one.low[i]), 1e-5)
                << one.name << ", rank " << one.ranks[i];
            EXPECT_LT(distance(parts.high[i], one.images - one.low[i]), 1e-5)
                << one.name << ", rank " << one.ranks[i];
        }
        const auto by_energy = split_by_energy(one.images, one.shares);
        for (size_t i = 0; i < one.shares.size(); ++i) {
            EXPECT_LT(distance(by_energy.low[i], one.low[one.ranks.size() + i]), 1e-5)
                << one.name << ", share " << one.shares[i];
            EXPECT_LT(distance(rank_of_energy(one.images, one.shares[i]),
                               at::tensor(one.ranks_of_shares[i])),
                      0.5)
                << one.name;
        }
    }
}

TEST(Split, is_as_exact_for_large_images) {
    for (const int64_t size : {31, 224}) {
        const auto x = photographs(3, size);
        for (const auto rank : {int64_t{5}, size / 2, size - 10}) {
            const auto parts = decompose::split(x, std::vector<int64_t>{rank});
            const auto expected = exact_low(x, rank);
            EXPECT_LT(distance(parts.low[0], expected), 2e-5) << size << ", rank " << rank;
            EXPECT_LT(distance(parts.high[0], x - expected), 2e-5) << size << ", rank " << rank;
        }
    }
}

TEST(Split, equals_the_way_of_other_devices) {
    const auto planes = photographs(4, 20).reshape({4, 20, 20}).narrow(2, 0, 14).contiguous();
    const Chooser choose = [](int64_t channel, const std::vector<double>& energies) {
        return std::vector<int64_t>{channel, rank_for(energies, 0.99)};
    };
    const auto parts = split_planes(planes, 2, choose);
    const auto torch = split_planes_torch(planes, 2, choose);
    for (size_t i = 0; i < 2; ++i) {
        EXPECT_LT(distance(parts.low[i], torch.low[i]), 1e-5);
        EXPECT_LT(distance(parts.high[i], torch.high[i]), 1e-5);
    }
}

TEST(Split, takes_images_with_equal_and_zero_singular_values) {
    auto x = at::zeros({6, 12, 12});
    x[1].fill_(0.7);
    x[2].copy_(at::eye(12));
    x[3].narrow(0, 3, 4).fill_(1);
    x[4].copy_(at::eye(12).flip(0) * at::arange(12).remainder(3));
    x[5][7][2].fill_(1e-20);
    for (const int64_t rank : {0, 1, 5, 7, 12}) {
        const auto parts = decompose::split(x, std::vector<int64_t>{rank});
        EXPECT_LT(distance(parts.low[0] + parts.high[0], x), 1e-6);
        // Of equal singular values any may be kept, but as many as asked for, and without what is
        // between the parts.
        const auto error = (parts.high[0].to(at::kDouble).square().sum({1, 2})).sqrt();
        EXPECT_LT(distance(error, (x - exact_low(x, rank)).square().sum({1, 2}).sqrt()), 1e-5)
            << "rank " << rank;
        EXPECT_LT((parts.low[0] * parts.high[0]).sum({1, 2}).abs().max().item<double>(), 1e-5);
    }
    EXPECT_LT(
        distance(decompose::split(x, std::vector<int64_t>{1}).low[0][5][7][2], at::tensor(1e-20)),
        1e-26)
        << "no scale is too small";
}

TEST(Split, adds_up_and_keeps_shapes) {
    const auto x = photographs(6, 16).reshape({2, 3, 16, 16});
    const auto parts = decompose::split(x.contiguous(at::MemoryFormat::ChannelsLast), {2, 16});
    EXPECT_EQ(parts.low[0].sizes(), x.sizes());
    EXPECT_TRUE(parts.low[0].is_contiguous());
    EXPECT_LT(distance(parts.low[0] + parts.high[0], x), 1e-6);
    EXPECT_LT(distance(parts.low[1], x), 1e-6);
    EXPECT_LT(distance(parts.low[0], decompose::split(x, std::vector<int64_t>{2}).low[0]), 1e-6)
        << "together or alone";
    EXPECT_LT(
        distance(parts.low[0][1][2], decompose::split(x[1][2], std::vector<int64_t>{2}).low[0]),
        1e-6)
        << "a channel alone";
    EXPECT_EQ(decompose::split(at::zeros({0, 3, 4, 4}), std::vector<int64_t>{1}).low[0].sizes(),
              at::IntArrayRef({0, 3, 4, 4}));
}

TEST(Split, gives_the_same_for_any_number_of_threads) {
    const auto x = photographs(40, 32);
    const auto threads = at::get_num_threads();
    at::set_num_threads(1);
    const auto one = decompose::split(x, std::vector<int64_t>{7});
    at::set_num_threads(3);
    const auto three = decompose::split(x, std::vector<int64_t>{7});
    at::set_num_threads(threads);
    EXPECT_LT(distance(one.low[0], three.low[0]), 1e-6);
}

TEST(SplitByEnergy, keeps_the_share_and_no_rank_more) {
    const auto x = photographs(6, 24);
    const auto energy = [](const at::Tensor& part) {
        return part.to(at::kDouble).square().sum({2, 3});
    };
    const auto shares = at::linspace(0.5, 0.999, 6, at::kDouble).reshape({6, 1});
    const auto parts = split_by_energy(x, shares);
    EXPECT_TRUE((energy(parts.low[0]) / energy(x) + 1e-6).ge(shares).all().item<bool>());
    const auto ranks = rank_of_energy(x, 0.9);
    for (int64_t i = 0; i < 6; ++i) {
        const auto rank = ranks[i][0].item<int64_t>();
        EXPECT_GE((energy(exact_low(x, rank)) / energy(x))[i].item<double>(), 0.9);
        EXPECT_LT((energy(exact_low(x, rank - 1)) / energy(x))[i].item<double>(), 0.9);
    }
    EXPECT_LT(distance(split_by_energy(x, std::vector<double>{1.0}).low[0], x), 1e-5);
    EXPECT_EQ(split_by_energy(x, std::vector<double>{0.0}).low[0].abs().max().item<double>(), 0);
    EXPECT_EQ(rank_of_energy(at::zeros({4, 4}), 1).item<int64_t>(), 0);
}

TEST(SingularValues, are_those_of_lapack) {
    const auto x = photographs(3, 40).narrow(2, 0, 25);
    EXPECT_LT(distance(singular_values(x), at::linalg_svdvals(x.to(at::kDouble))), 1e-6);
    EXPECT_EQ(singular_values(x).sizes(), at::IntArrayRef({3, 1, 25}));
}

TEST(AgainstFourier, counts_coefficients) {
    EXPECT_EQ(coefficients_of_radius(32, 32, 0), 1);
    EXPECT_EQ(coefficients_of_radius(32, 32, 1), 5);
    EXPECT_EQ(coefficients_of_radius(32, 32, 1, frequency::Rule::exclusive), 1);
    EXPECT_EQ(coefficients_of_radius(32, 32, 100), 32 * 32);
    EXPECT_EQ(coefficients_of_rank(32, 20, 20), 32 * 20);
    EXPECT_EQ(coefficients_of_rank(32, 32, 1), 63);
    // 441 frequencies within 12; ranks 7 and 8 have 399 and 448 coefficients.
    EXPECT_EQ(coefficients_of_radius(32, 32, 12), 441);
    EXPECT_EQ(rank_of_radius(32, 32, 12), 8);
    EXPECT_EQ(rank_of_radius(32, 32, 0), 0);
    EXPECT_EQ(rank_of_radius(32, 32, 100), 32);
}

TEST(AgainstFourier, finds_the_radius_of_an_energy) {
    const auto x = photographs(5, 24);
    const auto share = [&](double radius) {
        const auto low = frequency::low_pass(x, radius).to(at::kDouble);
        return (low.square().sum() / x.to(at::kDouble).square().sum()).item<double>();
    };
    for (const double wanted : {0.5, 0.98, 0.999, 0.9999}) {
        const auto radius = radius_of_energy(x, wanted);
        EXPECT_GE(share(radius), wanted - 1e-6);
        EXPECT_TRUE(radius == 0 || share(radius - 1e-6) < wanted) << radius;
    }
    EXPECT_GT(radius_of_energy(x, 0.9999), radius_of_energy(x, 0.98));
    EXPECT_EQ(radius_of_energy(at::full({1, 1, 8, 8}, 0.5), 1), 0);
}

TEST(AgainstFourier, splits_like_a_radius) {
    const auto x = photographs(5, 24);
    const auto energy = [](const at::Tensor& part) {
        return part.to(at::kDouble).square().sum({2, 3});
    };
    const auto equal = split_like_radius(x, 4, parse_equal("energy"));
    EXPECT_TRUE(
        energy(equal.low[0]).ge(energy(frequency::low_pass(x, 4)) * (1 - 1e-6)).all().item<bool>());
    const auto rank = rank_of_radius(24, 24, 4);
    EXPECT_LT(
        distance(split_like_radius(x, 4, parse_equal("coefficients")).low[0], exact_low(x, rank)),
        1e-5);
    EXPECT_LT(distance(energy_of_radius(at::zeros({2, 4, 4}), 1), at::ones({2})), 1e-12);
}

TEST(Errors, name_what_is_wrong) {
    const auto x = at::rand({2, 3, 8, 6});
    const auto with = [&](int64_t rank) {
        return error_of([&] { decompose::split(x, std::vector<int64_t>{rank}); });
    };
    EXPECT_THAT(with(7), HasSubstr("a rank must be between 0 and 6 (the shorter side of an image "
                                   "of 8 x 6 pixels), got 7"));
    EXPECT_THAT(with(-1), HasSubstr("got -1"));
    EXPECT_THAT(error_of([&] { decompose::split(x, std::vector<int64_t>{}); }),
                HasSubstr("expected at least one rank, got none"));
    EXPECT_THAT(error_of([&] { split_by_energy(x, std::vector<double>{}); }),
                HasSubstr("expected at least one fraction of the energy, got none"));
    EXPECT_THAT(error_of([&] { split_by_energy(x, std::vector<double>{1.5}); }),
                HasSubstr("a fraction of the energy must be in [0,1], got 1.5"));
    EXPECT_THAT(error_of([&] { rank_of_energy(x, std::nan("")); }), HasSubstr("got nan"));
    EXPECT_THAT(
        error_of([&] { split_by_energy(x, at::zeros({2})); }),
        HasSubstr("the fractions of the energy must have shape [2, 3] (one per channel), got [2]"));
    EXPECT_THAT(error_of([&] {
                    split_by_energy(x, at::full({2, 3}, -1.0));
                }),
                HasSubstr("must be in [0,1], got -1"));
    EXPECT_THAT(error_of([&] { decompose::split(x.to(at::kDouble), std::vector<int64_t>{1}); }),
                HasSubstr("dtype float32, got float64"));
    EXPECT_THAT(error_of([&] { decompose::split(x[0][0][0], std::vector<int64_t>{1}); }),
                HasSubstr("at least two dimensions [..., H, W]"));
    EXPECT_THAT(error_of([&] { decompose::split(x / 0, std::vector<int64_t>{1}); }),
                HasSubstr("x must contain only finite numbers"));
    EXPECT_THAT(error_of([&] { singular_values(at::Tensor()); }),
                HasSubstr("got an undefined tensor"));
    EXPECT_THAT(error_of([&] { energy_of_radius(x, -1); }),
                HasSubstr("radius must be a finite number >= 0"));
    EXPECT_THAT(error_of([&] { parse_equal("size"); }),
                HasSubstr("'equal' must be \"energy\" or \"coefficients\", got \"size\""));
}

}  // namespace
}  // namespace hfc::decompose
