// The annotations of a picture in Pascal VOC's form.
#include "data/source/voc.h"
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const auto& folder = hfc::fuzz::folder();
    static const bool made = [&] {
        std::filesystem::create_directories(folder.path() / "ImageSets/Main");
        std::filesystem::create_directories(folder.path() / "Annotations");
        folder.write("ImageSets/Main/train.txt", "1\n");
        return true;
    }();
    static_cast<void>(made);
    folder.write("Annotations/1.xml", hfc::fuzz::text(data, size));
    hfc::fuzz::refused_at_worst([&] { hfc::data::read_voc_part(folder.path(), "train"); });
    return 0;
}
