// One of the four IDX files is the input, gzipped or not; the others are right.
#include "data/source/idx.h"
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace std::string_literals;
    auto input = hfc::fuzz::text(data, size);
    const size_t place = hfc::fuzz::take_byte(input);
    static const std::string images =
        "\0\0\10\3\0\0\0\2\0\0\0\34\0\0\0\34"s + std::string(2 * 784, 'x');
    static const std::string labels = "\0\0\10\1\0\0\0\2\1\2"s;
    const auto& files = hfc::data::idx_files();
    const auto& folder = hfc::fuzz::folder();
    for (size_t i = 0; i < files.size(); ++i) {
        std::filesystem::remove(folder.path() / (files[i] + ".gz"));
        const bool mine = i == place % files.size();
        folder.write(mine && place >= 128 ? files[i] + ".gz" : files[i],
                     mine ? input : std::string_view(i % 2 == 0 ? images : labels));
    }
    hfc::fuzz::refused_at_worst([&] {
        const auto pair = hfc::data::load_idx("mnist", folder.path(), {"a", "b", "c"});
        pair.test.batch(0, pair.test.size());
    });
    return 0;
}
