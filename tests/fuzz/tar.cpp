// A tar of pictures. Where the first byte is odd, headers get right checksums, so that the rest of
// the reader is reached.
#include "data/source/tar_files.h"
#include "fuzz.h"

namespace {

constexpr size_t block = 512;

void set_sums(std::string& tar) {
    for (size_t at = 0; at + block <= tar.size(); at += block) {
        if (tar.compare(at + 257, 5, "ustar") != 0) {
            continue;
        }
        tar.replace(at + 148, 8, 8, ' ');
        unsigned sum = 0;
        for (size_t i = 0; i < block; ++i) {
            sum += static_cast<unsigned char>(tar[at + i]);
        }
        for (size_t digit = 0; digit < 7; ++digit, sum /= 8) {
            tar[at + 154 - digit] = static_cast<char>('0' + sum % 8);
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    auto input = hfc::fuzz::text(data, size);
    const auto choice = hfc::fuzz::take_byte(input);
    std::string tar(input);
    if (choice % 2 == 1) {
        set_sums(tar);
    }
    const auto path = hfc::fuzz::folder().write("a.tar", tar).string();
    hfc::fuzz::refused_at_worst([&] {
        hfc::data::TarOptions options{{.image_size = 4, .stream = true}, choice < 128 ? path : ""};
        const auto pair = hfc::data::load_tar(path, options);
        pair.train.batch(0, 1);
    });
    return 0;
}
