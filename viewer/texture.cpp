#include "viewer/texture.h"

#include <GL/gl.h>

namespace hfc::viewer {

Texture::~Texture() {
    if (number_ != 0) {
        glDeleteTextures(1, &number_);
    }
}

void Texture::set(int width, int height, const std::vector<uint8_t>& rgb) {
    if (number_ == 0) {
        glGenTextures(1, &number_);
    }
    glBindTexture(GL_TEXTURE_2D, number_);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_LINEAR);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
    glPixelStorei(GL_UNPACK_ALIGNMENT, 1);
    glTexImage2D(GL_TEXTURE_2D, 0, GL_RGB, width, height, 0, GL_RGB, GL_UNSIGNED_BYTE, rgb.data());
    glPixelStorei(GL_UNPACK_ALIGNMENT, 4);
}

ImTextureID Texture::id() const {
    return reinterpret_cast<ImTextureID>(
        static_cast<intptr_t>(number_));  // NOLINT(performance-no-int-to-ptr)
}

}  // namespace hfc::viewer
