// Damaged files: whatever the damage, loading throws Error or returns tensors that can be read.
#include "files.h"
#include "tensor_file/zip.h"

#include <ATen/ATen.h>
#include <random>

namespace hfc::tensor_file {
namespace {

class Mutation : public TensorFile {
  protected:
    /// One to three changes: a flipped bit, another byte, a cut end, a piece taken out or put in
    /// twice.
    std::string mutated(std::string bytes) {
        for (auto changes = pick(3) + 1; changes > 0 && !bytes.empty(); --changes) {
            const auto at = pick(bytes.size());
            const auto count = std::min(pick(16) + 1, bytes.size() - at);
            switch (pick(8)) {
                case 0:
                    bytes.resize(at);
                    break;
                case 1:
                    bytes.erase(at, count);
                    break;
                case 2:
                    bytes.insert(pick(bytes.size()), bytes.substr(at, count));
                    break;
                case 3:
                case 4:
                    bytes[at] = static_cast<char>(pick(256));
                    break;
                default:
                    bytes[at] ^= static_cast<char>(1U << pick(8));
            }
        }
        return bytes;
    }

    /// Loads, and touches every byte of what came.
    void try_file(const std::string& bytes) {
        const auto path = folder_ / "x";
        write_plainly(path, bytes);
        try {
            for (const auto& [name, tensor] : load(path)) {
                if (tensor.numel() < 100'000) {  // a view may repeat its storage very often
                    sum_ += std::hash<std::string>()(bytes_in(tensor));
                }
            }
            ++loaded_;
        } catch (const Error& error) {
            EXPECT_GT(std::strlen(error.what()), path.string().size());
            ++refused_;
        }
    }

    size_t pick(size_t below) {
        return std::uniform_int_distribution<size_t>(0, below - 1)(random_);
    }

    // Without syncing, which would take most of the time.
    static void write_plainly(const std::filesystem::path& path, const std::string& bytes) {
        std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "wb"), std::fclose);
        ASSERT_EQ(std::fwrite(bytes.data(), 1, bytes.size(), file.get()), bytes.size());
    }

    std::mt19937_64 random_{7};
    size_t loaded_ = 0, refused_ = 0, sum_ = 0;
};

TEST_F(Mutation, NoDamageToAFileCrashes) {
    for (const auto& item : std::filesystem::directory_iterator(fixture(""))) {
        if (item.path().extension() != ".json") {
            SCOPED_TRACE(item.path().filename());
            const auto bytes = read_file(item.path());
            for (int i = 0; i < 120; ++i) {
                try_file(mutated(bytes));
            }
        }
    }
    EXPECT_GT(refused_, 2000U);
    EXPECT_GT(loaded_, 100U) << "some damage only changes values";
}

TEST_F(Mutation, NoDamageToAHeaderCrashes) {
    for (const auto* const name : {"all.safetensors", "version1.npy", "version2.npy"}) {
        const auto bytes = read_file(fixture(name));
        const size_t header = std::string(name).ends_with("npy") ? 90 : 1100;
        for (int i = 0; i < 700; ++i) {
            try_file(mutated(bytes.substr(0, header)) + bytes.substr(header));
        }
    }
    EXPECT_GT(refused_, 1000U);
}

// The checksums of a zip archive would catch nearly all damage: here they are right.
TEST_F(Mutation, NoDamageToAMemberCrashes) {
    for (const auto* const name : {"all.pt", "views.pt", "checkpoint.pt", "module_protocol5.pt",
                                   "objects.pt", "flags.pt", "stored.npz"}) {
        SCOPED_TRACE(name);
        ZipReader original(fixture(name));
        std::vector<std::pair<std::string, std::string>> members;
        for (const auto& member : original.members()) {
            members.emplace_back(member.name, original.read(member));
        }
        for (int i = 0; i < 350; ++i) {
            const auto victim = std::string(name).ends_with("pt") ? 0 : pick(members.size());
            ZipWriter archive;
            for (size_t m = 0; m < members.size(); ++m) {
                archive.add(members[m].first,
                            m == victim ? mutated(members[m].second) : members[m].second,
                            at::empty({0}));
            }
            std::string bytes;
            archive.finish([&](std::string_view piece) { bytes += piece; });
            try_file(bytes);
        }
    }
    EXPECT_GT(refused_, 1000U);
    EXPECT_GT(loaded_, 50U);
}

}  // namespace
}  // namespace hfc::tensor_file
