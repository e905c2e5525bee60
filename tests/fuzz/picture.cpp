// The check of JPEG and PNG files that stands before their decoder.
#include "data/image_check.h"
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    hfc::fuzz::refused_at_worst(
        [&] { hfc::data::check_image(hfc::fuzz::text(data, size), "picture"); });
    return 0;
}
