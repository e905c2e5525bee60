#include "data/loader.h"

#include "base/interrupt.h"
#include "base/random.h"
#include "data/support.h"

#include <ATen/ATen.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <thread>

namespace hfc::data {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// A source in one place: images whose pixels are computed from (seed, epoch, sample), slowly
/// enough for threads to overtake each other. Some samples cannot be read.
class ToySource : public Source {
  public:
    explicit ToySource(int64_t size, std::set<int64_t> bad = {})
        : size_(size), bad_(std::move(bad)) {}
    const std::string& name() const override { return name_; }
    int64_t size() const override { return size_; }
    Shape shape() const override { return {1, 2, 3}; }
    at::ScalarType dtype() const override { return at::kByte; }
    at::Tensor labels() const override { return at::arange(size_).remainder(5); }
    bool is_slow() const override { return true; }
    void read(const at::Tensor& samples, const Draw& draw, at::Tensor& into) const override {
        for (int64_t i = 0; i < samples.size(0); ++i) {
            const auto sample = samples[i].item<int64_t>();
            require(!bad_.contains(sample), "sample {} is damaged", sample);
            std::this_thread::sleep_for(std::chrono::microseconds(sample * 37 % 200));
            const auto key = fmt::format("epoch {} sample {}", draw.epoch, sample);
            into[i].random_(0, 256, make_generator(draw.seed, key));
            ++read_;
        }
    }
    void add_fingerprint(Checksum& checksum, const at::Tensor&) const override {
        checksum.add_item("toy");
    }
    int64_t read() const { return read_; }

  private:
    std::string name_ = "toy";
    int64_t size_;
    std::set<int64_t> bad_;
    mutable std::atomic<int64_t> read_ = 0;
};

Dataset toy(int64_t size, std::set<int64_t> bad = {}) {
    return Dataset(std::make_shared<ToySource>(size, std::move(bad)));
}

std::vector<Batch> all_of(Loader& loader) {
    std::vector<Batch> batches;
    while (auto batch = loader.next()) {
        batches.push_back(*batch);
    }
    return batches;
}

std::vector<Batch> batches_of(const Dataset& dataset, const LoaderOptions& options,
                              const at::Tensor& order = {}) {
    Loader loader(dataset, order, options);
    return all_of(loader);
}

void expect_equal(const Batch& batch, const Batch& other) {
    EXPECT_TRUE(at::equal(batch.images, other.images));
    EXPECT_TRUE(at::equal(batch.labels, other.labels));
    EXPECT_TRUE(at::equal(batch.samples, other.samples));
}

const Draw third_epoch = {.seed = 7, .epoch = 3};

TEST(Loader, gives_the_same_bits_on_any_number_of_threads_and_resumed_at_any_batch) {
    const auto dataset = toy(101).low_pass(1);
    const auto order = permutation(101, 5, "order");
    LoaderOptions options;
    options.batch_size = 8;
    options.draw = third_epoch;
    options.threads = 0;
    const auto expected = batches_of(dataset, options, order);
    ASSERT_EQ(expected.size(), 13U);
    expect_equal(expected[1], dataset.batch(order.slice(0, 8, 16), third_epoch));
    for (const int64_t threads : {1, 2, 3, 7}) {
        options.threads = threads;
        for (options.first = 0; options.first <= 13; ++options.first) {
            const auto batches = batches_of(dataset, options, order);
            ASSERT_EQ(batches.size(), expected.size() - static_cast<size_t>(options.first));
            for (size_t i = 0; i < batches.size(); ++i) {
                expect_equal(batches[i], expected[i + static_cast<size_t>(options.first)]);
            }
        }
    }
}

TEST(Loader, draws_by_seed_epoch_and_sample) {
    const auto dataset = toy(20);
    LoaderOptions options;
    options.draw = third_epoch;
    const auto images = batches_of(dataset, options).front().images;
    EXPECT_TRUE(
        at::equal(dataset.slice(4, 9).batch(0, 5, third_epoch).images, images.slice(0, 4, 9)))
        << "the same image in another view";
    options.draw.epoch = 4;
    EXPECT_FALSE(at::equal(batches_of(dataset, options).front().images, images));
    options.draw = {.seed = 8, .epoch = 3};
    EXPECT_FALSE(at::equal(batches_of(dataset, options).front().images, images));
}

TEST(Loader, gives_each_rank_its_part_of_one_epoch) {
    const auto dataset = toy(41);
    const auto order = permutation(41, 1, "order");
    LoaderOptions options;
    options.batch_size = 6;
    options.ranks = 2;
    std::vector<int64_t> seen;
    for (options.rank = 0; options.rank < 2; ++options.rank) {
        int64_t count = 0;
        for (const auto& batch : batches_of(dataset, options, order)) {
            for (int64_t i = 0; i < batch.samples.size(0); ++i) {
                const auto place = 2 * count++ + options.rank;
                EXPECT_EQ(batch.samples[i].item<int64_t>(), order[place].item<int64_t>());
                seen.push_back(batch.samples[i].item<int64_t>());
            }
        }
    }
    std::ranges::sort(seen);
    ASSERT_EQ(seen.size(), 41U);
    EXPECT_TRUE(std::ranges::adjacent_find(seen) == seen.end()) << "each image once";
}

TEST(Loader, drops_a_last_batch_of_fewer_images) {
    LoaderOptions options;
    options.batch_size = 10;
    options.drop_last = true;
    const Loader loader(toy(21), {}, options);
    EXPECT_EQ(loader.batches(), 2);
    EXPECT_EQ(batches_of(toy(21), options).size(), 2U);
    options.drop_last = false;
    EXPECT_EQ(batches_of(toy(21), options).back().samples.size(0), 1);
}

TEST(Loader, names_a_bad_sample_in_its_own_batch) {
    for (const int64_t threads : {0, 1, 3}) {
        for (const int64_t bad : {0, 13, 29}) {
            LoaderOptions options;
            options.batch_size = 10;
            options.threads = threads;
            Loader loader(toy(30, {bad}), {}, options);
            for (int64_t batch = 0; batch < bad / 10; ++batch) {
                EXPECT_TRUE(loader.next().has_value());
            }
            EXPECT_THAT(error_of([&] { loader.next(); }),
                        HasSubstr(fmt::format("sample {} is damaged", bad)));
        }
    }
}

TEST(Loader, puts_the_next_good_sample_in_the_place_of_a_bad_one) {
    for (const int64_t threads : {0, 1, 2, 7}) {
        LoaderOptions options;
        options.batch_size = 10;
        options.threads = threads;
        options.bad = Bad::skip;
        Loader loader(toy(30, {3, 9, 10, 29}), {}, options);
        const auto batches = all_of(loader);
        ASSERT_EQ(batches.size(), 3U);
        const auto samples = at::cat({batches[0].samples, batches[1].samples, batches[2].samples});
        auto expected = at::arange(30);
        expected[3] = 4;
        expected[9] = 11;
        expected[10] = 11;
        expected[29] = 0;
        EXPECT_TRUE(at::equal(samples, expected));
        EXPECT_TRUE(at::equal(at::cat({batches[0].labels, batches[1].labels, batches[2].labels}),
                              expected.remainder(5)));
        ASSERT_EQ(loader.skipped().size(), 4U);
        EXPECT_EQ(loader.skipped()[1].sample, 9);
        EXPECT_THAT(loader.skipped()[1].reason, HasSubstr("sample 9 is damaged"));
    }
}

TEST(Loader, stops_where_too_much_is_bad) {
    std::set<int64_t> bad;
    for (int64_t i = 0; i < 11; ++i) {
        bad.insert(2 * i);
    }
    LoaderOptions options;
    options.bad = Bad::skip;
    EXPECT_THAT(
        error_of([&] { batches_of(toy(100, bad), options); }),
        AllOf(HasSubstr("more than 10 samples cannot be read"), HasSubstr("sample 0 is damaged")));
    EXPECT_THAT(error_of([&] {
                    batches_of(toy(3, {0, 1, 2}), options);
                }),
                HasSubstr("no sample can be read"));
}

TEST(Loader, reads_no_further_ahead_than_asked) {
    const auto source = std::make_shared<ToySource>(1000);
    LoaderOptions options;
    options.batch_size = 10;
    options.threads = 2;
    options.ahead = 3;
    Loader loader(Dataset(source), {}, options);
    loader.next();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    EXPECT_LE(source->read(), 40) << "the first batch and three more";
}

TEST(Loader, ends_soon_where_batches_are_left) {
    const auto begin = std::chrono::steady_clock::now();
    {
        LoaderOptions options;
        options.threads = 4;
        Loader loader(toy(100'000), {}, options);
        loader.next();
    }
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST(Loader, asks_for_ctrl_c_while_it_waits) {
    LoaderOptions options;
    options.threads = 1;
    Loader loader(toy(1'000), {}, options);
    request_interrupt();
    EXPECT_THROW(loader.next(), Interrupted);
    clear_interrupt();
}

TEST(Loader, refuses_options_out_of_range) {
    const auto dataset = toy(10);
    const auto error_with = [&](auto change) {
        LoaderOptions options;
        change(options);
        return error_of([&] { Loader loader(dataset, {}, options); });
    };
    EXPECT_THAT(error_with([](LoaderOptions& o) { o.batch_size = 0; }), HasSubstr("got 0"));
    EXPECT_THAT(error_with([](LoaderOptions& o) { o.threads = -1; }), HasSubstr("got -1"));
    EXPECT_THAT(error_with([](LoaderOptions& o) { o.ahead = 0; }), HasSubstr("ahead"));
    EXPECT_THAT(error_with([](LoaderOptions& o) { o.first = 2; }),
                HasSubstr("the first batch must be between 0 and 1"));
    EXPECT_THAT(error_with([](LoaderOptions& o) { o.rank = 1; }),
                HasSubstr("rank must be 0 to 0 (for ranks = 1), got 1"));
    EXPECT_THAT(error_with([](LoaderOptions& o) { o.ranks = 0; }), HasSubstr("ranks"));
}

}  // namespace
}  // namespace hfc::data
