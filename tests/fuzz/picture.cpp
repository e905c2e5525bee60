// The check of JPEG and PNG files that stands before their decoder.
#include "fuzz.h"
#include "image_file/image_check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    hfc::fuzz::refused_at_worst(
        [&] { hfc::image_file::check_image(hfc::fuzz::text(data, size), "picture"); });
    return 0;
}
