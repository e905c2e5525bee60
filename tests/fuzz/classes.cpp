// A file that makes classes of folders.
#include "data/source/class_file.h"
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const auto input = hfc::fuzz::text(data, size);
    hfc::fuzz::refused_at_worst([&] {
        const auto file = hfc::data::parse_classes(input, "classes.json");
        hfc::data::choose_folders(file, {"a", "b", "c", "n1", "n2"}, "folder");
    });
    return 0;
}
