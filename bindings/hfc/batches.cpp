#include "bindings/hfc/batches.h"

#include "bindings/hfc/loading.h"
#include "bindings/hfc/register.h"
#include "bindings/hfc/seed.h"
#include "bindings/runtime/collector.h"
#include "bindings/runtime/lua_thread.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/tensor.h"
#include "data/loader.h"
#include "data/order.h"

#include <ATen/ATen.h>

#include <memory>
#include <string>
#include <utility>

namespace hfc::lua {
namespace {

using data::Dataset;

/// Labels, or the list of targets of a data set that has boxes.
void push_targets(lua_State* L, const data::Batch& batch) {
    if (batch.targets.empty()) {
        push(L, batch.labels);
    } else {
        push(L, batch.targets);
    }
}

int batch(Call& call) {
    const Dataset dataset = call.argument(1, "dataset").object<Dataset>();
    const data::Batch result =
        dataset.batch(call.argument(2, "begin").integer(), call.argument(3, "end").integer());
    push(call.L, result.images);
    push_targets(call.L, result);
    return 2;
}

/// The state of an iterator of batches().
struct BatchWalk {
    std::string name;
    std::unique_ptr<data::Loader> loader;
};

/// The bytes of the images that loops have returned since the last collection. All loops share this
/// count, because a loop over few samples may return only one batch.
uint64_t& uncollected_bytes() {
    static uint64_t bytes = 0;
    return bytes;
}

/// Images from earlier iterations are garbage. Collecting them in time lets the next batch reuse
/// their memory; for images, this is cheaper than allocating new memory.
void collect_left_batches(lua_State* L) {
    constexpr uint64_t at_most = uint64_t{128} << 20;
    if (uncollected_bytes() >= at_most) {
        uncollected_bytes() = 0;
        collect_garbage(L);
    }
}

}  // namespace

template <>
inline constexpr const char* type_name<BatchWalk> = "BatchIterator";

namespace {

int next_batch(lua_State* L) {
    return guarded(L, "Dataset:batches", [&]() -> int {
        auto* walk = to_object<BatchWalk>(L, lua_upvalueindex(1));
        require(walk != nullptr, "the iterator was destroyed");
        const RunningScope scope(L);
        if (!walk->loader) {
            return 0;
        }
        collect_left_batches(L);
        // A script's get() may collect or end the iterator that called it.
        auto loader = std::exchange(walk->loader, nullptr);
        auto result = loader->next();
        walk = to_object<BatchWalk>(L, lua_upvalueindex(1));
        require(walk != nullptr, "the iterator was destroyed");
        walk->loader = std::move(loader);
        if (!result) {
            tell_skipped(walk->name, walk->loader->skipped());
            walk->loader.reset();
            return 0;
        }
        uncollected_bytes() += result->images.nbytes();
        push(L, result->images);
        push_targets(L, *result);
        push(L, result->samples);
        return 3;
    });
}

/// Without a seed, each loop uses a new random order.
uint64_t read_seed(Options& options, bool needed) {
    auto seed = seed_option(options);
    options.with("epoch", [&](const Value&) { seed = seed.value_or(0); });
    return seed ? *seed : needed ? drawn_seed() : 0;
}

int batches(Call& call) {
    call.at_most(2);
    const Dataset dataset = call.argument(1, "dataset").object<Dataset>();
    auto options = call.options(2);
    data::LoaderOptions loading;
    loading.batch_size = options.integer("size", loading.batch_size);
    loading.drop_last = options.boolean("drop_last", loading.drop_last);
    loading.first = options.integer("from", loading.first);
    loading.threads = read_threads(options);
    loading.ahead = options.integer("ahead", loading.ahead);
    loading.rank = options.integer("rank", loading.rank);
    loading.ranks = options.integer("ranks", loading.ranks);
    loading.bad = read_bad(options);
    const bool shuffle = options.boolean("shuffle", false);
    loading.draw.seed = read_seed(options, shuffle);
    loading.draw.epoch = options.integer("epoch", 1);
    options.finish();
    const auto order =
        shuffle ? data::epoch_order(dataset.size(), loading.draw.seed, loading.draw.epoch)
                : at::Tensor();
    push_object(call.L,
                BatchWalk{dataset.name(), std::make_unique<data::Loader>(dataset, order, loading)});
    lua_pushcclosure(call.L, next_batch, 1);
    return 1;
}

const std::vector<Declaration> batch_declarations = {
    {"Dataset:batch", batch,
     "dataset:batch(begin, end) -> images, labels\n\n"
     "Returns the images begin .. end-1 as float32 [n, C, H, W] and their labels as int64 [n], on "
     "the CPU. For a detection data set, the labels are a list with one Tensor float32 [objects, "
     "5] per image. Each row contains x1, y1, x2, y2 and the label of an object."},
    {"Dataset:batches", batches,
     "for images, labels, samples in dataset:batches {size = 100, shuffle = false, seed = n, epoch "
     "= 1, ...} do\n\n"
     "Iterates over the data set in batches of `size` images. The last batch may be smaller; "
     "with drop_last = true, a smaller last batch is left out. samples: int64 [n], the index of "
     "each image in its source.\n"
     "shuffle: if true, uses the random order given by seed and epoch. hfc.train uses the same "
     "order for the same seed and epoch. Without seed and epoch, each loop has a different order, "
     "drawn from torch's default generator (torch.manual_seed).\n"
     "from: the first batch to return (default 0). With the same seed and epoch, the batches from "
     "there on are bit-identical to those of a complete loop. rank, ranks: this process gets the "
     "images at the positions rank, rank + ranks, ... in the order (default rank = 0 and ranks = "
     "1).\n"
     "threads: the number of threads that read batches while the script works (default the number "
     "of cores for images from files, otherwise 0). ahead: the number of batches that they read "
     "ahead (default 2). Neither option affects the images. bad: how to handle a sample that "
     "cannot be read. \"stop\" (the default) raises an error when the batch with this sample is "
     "due. \"skip\" replaces the sample with the next readable one, and a message at the end of "
     "the loop lists the skipped samples. More than one skipped sample in a thousand is an error."},
};

}  // namespace

namespace detail {

void register_batches(lua_State* L) {
    register_type<BatchWalk>(L);
    declare(L, batch_declarations);
}

}  // namespace detail
}  // namespace hfc::lua
