#include "data/source/tar.h"

#include "base/error.h"
#include "base/interrupt.h"
#include "image_file/list_folder.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>

namespace hfc::data {
namespace {

constexpr uint64_t block_size = 512;
using Block = std::array<char, block_size>;

/// The offset and the length of a header field.
struct TarField {
    size_t begin, length;
};
constexpr TarField name_field = {0, 100}, size_field = {124, 12}, checksum_field = {148, 8},
                   magic_field = {257, 8}, prefix_field = {345, 155};
constexpr size_t type_field = 156;

std::string_view bytes_of(const Block& block, const TarField& field) {
    return {block.data() + field.begin, field.length};
}

/// The text of a field, up to the first zero byte.
std::string_view text_of(const Block& block, const TarField& field) {
    const auto bytes = bytes_of(block, field);
    return bytes.substr(0, bytes.find('\0'));
}

bool is_zero(std::string_view bytes) {
    return bytes.find_first_not_of('\0') == std::string_view::npos;
}

/// Reads octal digits between spaces and zero bytes. Returns 0 if there are no digits, and nothing
/// for any other text.
std::optional<uint64_t> octal(std::string_view text) {
    const auto begin = text.find_first_not_of(' ');
    text = begin == std::string_view::npos ? std::string_view() : text.substr(begin);
    if (is_zero(text)) {
        return 0;
    }
    uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 8);
    const auto rest = text.substr(static_cast<size_t>(end - text.data()));
    const bool clean = rest.find_first_not_of(std::string_view(" \0", 2)) == std::string_view::npos;
    return error == std::errc() && clean ? std::optional(value) : std::nullopt;
}

/// Reads octal digits or, if the highest bit is set, a big-endian number, as GNU tar writes large
/// ones.
std::optional<uint64_t> number(std::string_view text) {
    if ((static_cast<unsigned char>(text.front()) & 0x80) == 0) {
        return octal(text);
    }
    uint64_t value = static_cast<unsigned char>(text.front()) & 0x7f;
    for (const char c : text.substr(1)) {
        if (value >> 55 != 0) {
            return {};
        }
        value = value << 8 | static_cast<unsigned char>(c);
    }
    return value;
}

/// Whether the checksum is the sum of all bytes, with spaces in place of the checksum itself. Sums
/// of signed bytes, which old programs write, are accepted as well.
bool has_right_sum(const Block& block) {
    int64_t plain = 0, with_sign = 0;
    for (size_t i = 0; i < block.size(); ++i) {
        const bool own = i - checksum_field.begin < checksum_field.length;
        plain += own ? ' ' : static_cast<unsigned char>(block[i]);
        with_sign += own ? ' ' : static_cast<signed char>(block[i]);
    }
    const auto sum = octal(bytes_of(block, checksum_field));
    return sum && (static_cast<int64_t>(*sum) == plain || static_cast<int64_t>(*sum) == with_sign);
}

const char* compression_of(std::string_view begin) {
    using Bytes = std::string_view;
    constexpr std::array<std::pair<Bytes, const char*>, 4> known = {{{"\x1f\x8b", "gzip"},
                                                                     {"\xfd"
                                                                      "7zXZ",
                                                                      "xz"},
                                                                     {"BZh", "bzip2"},
                                                                     {"\x28\xb5\x2f\xfd", "zstd"}}};
    for (const auto& [bytes, name] : known) {
        if (begin.starts_with(bytes)) {
            return name;
        }
    }
    return nullptr;
}

/// What headers of the types "x" and "L" specify for the file that follows them.
struct TarNext {
    std::optional<std::string> name;
    std::optional<uint64_t> size;
};

class TarWalk {
  public:
    TarWalk(const InputFile& tar, const std::function<void(TarEntry&& entry)>& take)
        : tar_(tar), take_(take) {}

    /// Reads the tar from byte `begin` to `end` and puts `above` in front of its names.
    void walk(uint64_t begin, uint64_t end, const std::string& above, int depth) {
        TarNext next;
        for (auto at = begin; at < end;) {
            check_interrupt();
            at_ = at;
            Block block;
            check(end - at >= block_size, "the tar is truncated inside a header");
            tar_.read(at, block.data(), block_size);
            if (is_zero({block.data(), block_size})) {
                check(!next.name && !next.size, "an extended header is not followed by a file");
                require_padding(at + block_size, end);
                return;
            }
            check_header(block, at == begin);
            const auto size = size_of(block, next);
            const auto data = at + block_size;
            check(size <= end - data,
                  "the tar is truncated: a file of {} bytes starts here, but only {} are left",
                  size, end - data);
            visit(block, {"", at, data, size}, above, depth, next);
            at = data + (size + block_size - 1) / block_size * block_size;
        }
        at_ = end;
        check(false, "the tar is truncated: it has no end marker");
    }

  private:
    template <typename... Arguments>
    void check(bool right, fmt::format_string<Arguments...> what, Arguments&&... arguments) const {
        if (!right) {
            fail("'{}' at byte {}: {}", tar_.path().string(), at_,
                 fmt::format(what, std::forward<Arguments>(arguments)...));
        }
    }

    /// Programs pad a tar with zeros. Anything else is a second tar, which other programs would
    /// ignore.
    void require_padding(uint64_t begin, uint64_t end) {
        std::string piece;
        for (; begin < end; begin += piece.size()) {
            piece.resize(std::min<uint64_t>(end - begin, uint64_t{1} << 16));
            tar_.read(begin, piece.data(), piece.size());
            at_ = begin;
            check(is_zero(piece),
                  "there is data after the end marker; was another tar appended to this one?");
        }
    }

    void check_header(const Block& block, bool first) const {
        if (has_right_sum(block)) {
            return;
        }
        const auto* const compression = compression_of({block.data(), block_size});
        check(!first || compression == nullptr, "the file is compressed ({}); unpack it first",
              compression == nullptr ? "" : compression);
        check(false, "{}",
              first ? "the file is not a tar archive"
                    : "the header is damaged: its checksum is wrong");
    }

    uint64_t size_of(const Block& block, const TarNext& next) const {
        const auto size = next.size && is_file(block[type_field])
                              ? next.size
                              : number(bytes_of(block, size_field));
        check(size.has_value(), "the header is damaged: its size is not a number");
        return *size;
    }

    static bool is_file(char type) { return type == '0' || type == '\0' || type == '7'; }

    void visit(const Block& block, TarEntry entry, const std::string& above, int depth,
               TarNext& next) {
        const char type = block[type_field];
        if (type == 'L' || type == 'x') {
            read_next(type, entry, next);
            return;
        }
        if (type == 'K' || type == 'g') {
            return;  // the name that a link leads to; what holds for all files: times, comments
        }
        entry.name = name_of(block, next);
        next = {};
        const bool link = type == '1' || type == '2';
        check(!link || !image_file::is_picture_name(entry.name),
              "'{}' is a link; create the tar with --dereference --hard-dereference", entry.name);
        check(type != 'S' && type != 'M', "'{}' is {}, which this program cannot read", entry.name,
              type == 'S' ? "a sparse file" : "one part of a split file");
        const bool passed =
            link || std::string_view("3456VDN").find(type) != std::string_view::npos;
        check(passed || is_file(type), "'{}' has the unknown type '{}'", entry.name,
              static_cast<int>(static_cast<unsigned char>(type)));
        if (!passed && !entry.name.ends_with('/')) {
            entry.name = above + clean(entry.name);
            give(std::move(entry), depth);
        }
    }

    void give(TarEntry&& entry, int depth) {
        constexpr std::string_view ending = ".tar";
        if (!entry.name.ends_with(ending)) {
            take_(std::move(entry));
            return;
        }
        check(depth == 0, "'{}' is nested too deeply: it is a tar in a tar in a tar", entry.name);
        const auto above = entry.name.substr(0, entry.name.size() - ending.size()) + "/";
        walk(entry.offset, entry.offset + entry.size, above, depth + 1);
    }

    std::string name_of(const Block& block, const TarNext& next) const {
        if (next.name) {
            return *next.name;
        }
        std::string name(text_of(block, name_field));
        const auto prefix = text_of(block, prefix_field);
        const bool posix = bytes_of(block, magic_field).starts_with(std::string_view("ustar\0", 6));
        return posix && !prefix.empty() ? std::string(prefix) + "/" + name : name;
    }

    /// The name without "." and doubled slashes.
    std::string clean(std::string_view name) const {
        check(!name.empty(), "a file has no name");
        check(name.find('\0') == std::string_view::npos, "a name contains a zero byte");
        check(name.front() != '/', "the name '{}' is absolute", name);
        std::string result;
        for (size_t begin = 0; begin <= name.size();) {
            const auto end = std::min(name.find('/', begin), name.size());
            const auto part = name.substr(begin, end - begin);
            check(part != "..", "the name '{}' contains '..' and may point outside the tar", name);
            if (!part.empty() && part != ".") {
                result += result.empty() ? "" : "/";
                result += part;
            }
            begin = end + 1;
        }
        check(!result.empty(), "the name '{}' does not refer to a file", name);
        return result;
    }

    void read_next(char type, const TarEntry& entry, TarNext& next) const {
        constexpr uint64_t longest = uint64_t{1} << 16;
        check(entry.size <= longest, "a header has {} bytes, expected at most {}", entry.size,
              longest);
        std::string text(entry.size, '\0');
        tar_.read(entry.offset, text.data(), text.size());
        if (type == 'L') {
            next.name = text.substr(0, text.find('\0'));
        } else {
            read_pax(text, next);
        }
    }

    /// Records "27 path=n01440764/x.JPEG\n".
    void read_pax(std::string_view text, TarNext& next) const {
        while (!text.empty() && !is_zero(text)) {
            size_t length = 0;
            const auto [end, error] =
                std::from_chars(text.data(), text.data() + text.size(), length);
            const auto digits = static_cast<size_t>(end - text.data());
            check(error == std::errc() && length > digits + 2 && length <= text.size() &&
                      text[digits] == ' ' && text[length - 1] == '\n',
                  "the pax header is damaged");
            const auto record = text.substr(digits + 1, length - digits - 2);
            const auto equals = record.find('=');
            check(equals != std::string_view::npos, "the pax header is damaged");
            take_record(record.substr(0, equals), record.substr(equals + 1), next);
            text.remove_prefix(length);
        }
    }

    void take_record(std::string_view key, std::string_view value, TarNext& next) const {
        check(!key.starts_with("GNU.sparse"),
              "a file is sparse; this program cannot read sparse files");
        if (key == "path") {
            next.name = std::string(value);
        } else if (key == "size") {
            uint64_t size = 0;
            const auto [end, error] =
                std::from_chars(value.data(), value.data() + value.size(), size);
            check(error == std::errc() && end == value.data() + value.size(),
                  "the pax header is damaged: its size is not a number");
            next.size = size;
        }
    }

    const InputFile& tar_;
    const std::function<void(TarEntry&& entry)>& take_;
    uint64_t at_ = 0;  ///< for messages
};

}  // namespace

void walk_tar(const InputFile& tar, const std::function<void(TarEntry&& entry)>& take) {
    require(tar.size() > 0, "'{}' is empty, expected a tar archive", tar.path().string());
    TarWalk(tar, take).walk(0, tar.size(), "", 0);
}

}  // namespace hfc::data
