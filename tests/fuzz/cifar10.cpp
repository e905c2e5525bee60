// One of CIFAR-10's six files is the input, the others are right.
#include "data/source/cifar10.h"
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    constexpr int64_t records = 2;
    auto input = hfc::fuzz::text(data, size);
    const size_t place = hfc::fuzz::take_byte(input);
    static const std::string right(records * 3073, '\1');
    const auto& files = hfc::data::cifar10_files();
    for (size_t i = 0; i < files.size(); ++i) {
        hfc::fuzz::folder().write(files[i],
                                  i == place % files.size() ? input : std::string_view(right));
    }
    hfc::fuzz::refused_at_worst([&] {
        const auto pair = hfc::data::load_cifar10(hfc::fuzz::folder().path(), records);
        pair.train.batch(0, pair.train.size());
    });
    return 0;
}
