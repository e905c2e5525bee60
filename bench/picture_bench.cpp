// Pictures for training: random_resized_crop(224) and horizontal_flip of JPEG files. Pictures a
// second on one thread and on two. `compare_pictures.py` runs it beside PyTorch's DataLoader.
//   HFC_PICTURES=DIR   the files (in class folders)
#include "image_file/image_file.h"
#include "image_file/list_folder.h"
#include "image_file/read_picture.h"

#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <random>
#include <vector>

namespace hfc::image_file {
namespace {

constexpr int64_t side = 224;

const char* folder() {
    const char* chosen = std::getenv("HFC_PICTURES");
    return chosen != nullptr ? chosen : "";
}

const PictureList& pictures() {
    static const auto list = list_pictures(folder());
    return list;
}

/// Each thread takes every n-th picture.
void picture_loading(benchmark::State& state) {
    if (*folder() == '\0') {
        state.SkipWithError("set HFC_PICTURES to a folder of class folders");
        return;
    }
    at::set_num_threads(1);
    prepare_image_codec();
    const auto& list = pictures();
    std::mt19937_64 random(static_cast<uint64_t>(state.thread_index()));
    const Uniform uniform = [&] { return static_cast<double>(random() >> 11) * 0x1p-53; };
    const auto choose = [&](const Size& picture) {
        return horizontal_flip(random_resized_crop(picture, side, {}, uniform), .5, uniform);
    };
    PictureReader reader;
    std::vector<uint8_t> planes(3 * side * side);
    int64_t next = state.thread_index();
    for (auto _ : state) {
        reader.read(list.path(next % list.size()), choose, {side, side}, planes.data());
        benchmark::DoNotOptimize(planes.data());
        next += state.threads();
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(picture_loading)->Threads(1)->Threads(2)->UseRealTime()->MinTime(4);

}  // namespace
}  // namespace hfc::image_file

BENCHMARK_MAIN();
