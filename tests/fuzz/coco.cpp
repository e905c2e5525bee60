// COCO's annotations, and a result file scored by them: the first byte chooses.
#include "data/source/coco.h"
#include "detection/average_precision.h"
#include "fuzz.h"

namespace {

constexpr std::string_view right =
    R"({"images":[{"id":1,"file_name":"1.jpg","height":9,"width":9}],)"
    R"("categories":[{"id":7,"name":"cat"}],)"
    R"("annotations":[{"id":1,"image_id":1,"category_id":7,"bbox":[1,1,4,4]}]})";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    auto input = hfc::fuzz::text(data, size);
    const auto choice = hfc::fuzz::take_byte(input);
    hfc::fuzz::refused_at_worst([&] {
        const bool results = choice % 2 == 1;
        const auto truth = hfc::data::parse_coco(results ? right : input, "truth.json");
        const auto found = results ? hfc::detection::parse_detections(input, "found.json", truth)
                                   : std::vector<hfc::detection::Detection>();
        // Many pictures of many classes take the fuzzer's time, and show nothing more.
        if (truth.pictures.size() * truth.categories.size() < 10'000) {
            hfc::detection::coco_score(truth, found);
            hfc::detection::voc_score(truth, found, hfc::detection::VocRule::voc2010);
        }
    });
    return 0;
}
