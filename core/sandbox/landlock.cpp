#include "sandbox/landlock.h"

#include "base/error.h"
#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

namespace hfc::sandbox {
namespace {

// The interface of <linux/landlock.h>, copied by hand, because the header on the machine that
// compiles the program may be older than the kernel on the machine that runs it. The numbers are
// the same on every architecture.
constexpr long create_ruleset_call = 444;
constexpr long add_rule_call = 445;
constexpr long restrict_self_call = 446;
constexpr uint32_t ask_version = 1;
constexpr int path_beneath = 1;

struct RulesetAttributes {
    uint64_t handled_files;
    uint64_t handled_network;  // from version 4
    uint64_t scoped;           // from version 6
};

struct [[gnu::packed]] PathBeneath {
    uint64_t allowed;
    int32_t parent;
};

constexpr uint64_t execute = 1 << 0;
constexpr uint64_t write_to_file = 1 << 1;
constexpr uint64_t read_from_file = 1 << 2;
constexpr uint64_t read_folder = 1 << 3;
constexpr uint64_t remove_folder = 1 << 4;
constexpr uint64_t remove_file = 1 << 5;
constexpr uint64_t make_character_device = 1 << 6;
constexpr uint64_t make_subfolder = 1 << 7;
constexpr uint64_t make_file = 1 << 8;
constexpr uint64_t make_socket = 1 << 9;
constexpr uint64_t make_pipe = 1 << 10;
constexpr uint64_t make_block_device = 1 << 11;
constexpr uint64_t make_link = 1 << 12;
constexpr uint64_t move_between_folders = 1 << 13;  // from version 2
constexpr uint64_t truncate = 1 << 14;              // from version 3
constexpr uint64_t control_device = 1 << 15;        // from version 5

constexpr uint64_t rights_of_files =
    execute | write_to_file | read_from_file | truncate | control_device;
constexpr uint64_t reading = read_from_file | read_folder;
constexpr uint64_t writing = reading | write_to_file | truncate | remove_folder | remove_file |
                             make_subfolder | make_file | move_between_folders;
constexpr uint64_t controlling = reading | write_to_file | control_device;

uint64_t handled_rights(int version) {
    uint64_t rights = execute | write_to_file | read_from_file | read_folder | remove_folder |
                      remove_file | make_character_device | make_subfolder | make_file |
                      make_socket | make_pipe | make_block_device | make_link;
    rights |= version >= 2 ? move_between_folders : 0;
    rights |= version >= 3 ? truncate : 0;
    rights |= version >= 5 ? control_device : 0;
    return rights;
}

Descriptor make_ruleset(int version) {
    RulesetAttributes attributes = {};
    attributes.handled_files = handled_rights(version);
    attributes.handled_network = version >= 4 ? 0b11 : 0;  // TCP: bind, connect
    attributes.scoped = version >= 6 ? 0b11 : 0;           // abstract UNIX sockets, signals
    // Fields that the kernel does not know may follow, as long as they are zero.
    const long ruleset = ::syscall(create_ruleset_call, &attributes, sizeof attributes, 0U);
    require(ruleset >= 0, "the sandbox cannot be set up: landlock_create_ruleset: {}",
            std::strerror(errno));
    return Descriptor(static_cast<int>(ruleset));
}

void add_rule(const Descriptor& ruleset, const std::filesystem::path& path, uint64_t rights,
              bool needed) {
    const Descriptor file(::open(path.c_str(), O_PATH | O_CLOEXEC));
    require(file.open() || !needed, "the sandbox cannot be set up: '{}': {}", path.string(),
            std::strerror(errno));
    struct stat status = {};
    if (!file.open() || ::fstat(file.get(), &status) != 0) {
        return;
    }
    PathBeneath rule = {S_ISDIR(status.st_mode) ? rights : rights & rights_of_files, file.get()};
    require(::syscall(add_rule_call, ruleset.get(), path_beneath, &rule, 0U) == 0,
            "the sandbox cannot be set up: landlock_add_rule for '{}': {}", path.string(),
            std::strerror(errno));
}

}  // namespace

int landlock_version() {
    const long version = ::syscall(create_ruleset_call, nullptr, 0, ask_version);
    return version > 0 ? static_cast<int>(version) : 0;
}

void restrict_files(const Reach& reach, int version) {
    const auto handled = handled_rights(version);
    const auto ruleset = make_ruleset(version);
    for (const auto& path : reach.readable) {
        add_rule(ruleset, path, reading & handled, false);
    }
    for (const auto& path : reach.writable) {
        add_rule(ruleset, path, writing & handled, true);
    }
    for (const auto& path : reach.devices) {
        add_rule(ruleset, path, controlling & handled, false);
    }
    require(::syscall(restrict_self_call, ruleset.get(), 0U) == 0,
            "the sandbox cannot be set up: landlock_restrict_self: {}", std::strerror(errno));
}

}  // namespace hfc::sandbox
