// Pickles made by hand: each check of the stack machine and of the views that it may ask for.
#include "files.h"
#include "tensor_file/zip.h"

#include <ATen/ATen.h>
#include <chrono>
#include <fstream>

namespace hfc::tensor_file {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;

std::string int4(int32_t value) {
    return "J"s + std::string(reinterpret_cast<const char*>(&value), 4);
}
std::string int8(int64_t value) {
    return "\x8a\x08"s + std::string(reinterpret_cast<const char*>(&value), 8);
}
std::string text(const std::string& value) {
    return "\x8c"s + static_cast<char>(value.size()) + value;
}
std::string global(const std::string& module, const std::string& name) {
    return "c" + module + "\n" + name + "\n";
}
std::string storage(const std::string& type = "FloatStorage", int count = 6) {
    return "(" + text("storage") + global("torch", type) + text("0") + text("cpu") + int4(count) +
           "tQ";
}
std::string tensor(const std::string& memory, const std::string& offset, const std::string& sizes,
                   const std::string& strides) {
    return global("torch._utils", "_rebuild_tensor_v2") + "(" + memory + offset + "(" + sizes +
           "t(" + strides + "t\x89NtR";
}

/// Files with one storage '0' of 24 bytes.
class Pickle : public TensorFile {
  protected:
    std::filesystem::path file(const std::string& program) {
        ZipWriter archive;
        archive.add("x/data.pkl", program, at::empty({0}));
        archive.add("x/data/0", std::string(24, '\1'), at::empty({0}));
        std::string bytes;
        archive.finish([&](std::string_view piece) { bytes += piece; });
        write_file(folder_ / "x.pt", bytes);
        return folder_ / "x.pt";
    }
    std::string refused(const std::string& program) { return refusal_of(file(program)); }
};

TEST_F(Pickle, AViewMustLieWithinItsStorage) {
    EXPECT_EQ(refused(tensor(storage(), int4(0), int4(2) + int4(3), int4(3) + int4(1)) + "."),
              "(it was read)");
    EXPECT_EQ(refused(tensor(storage(), int4(6), int4(0), int4(1)) + "."), "(it was read)");
    EXPECT_THAT(
        refused(tensor(storage(), int4(1), int4(2) + int4(3), int4(3) + int4(1)) + "."),
        HasSubstr(
            "sizes [2, 3], strides [3, 1] and offset 1 extends beyond its storage of 6 elements"));
    EXPECT_THAT(refused(tensor(storage(), int4(-1), int4(1), int4(1)) + "."),
                HasSubstr("starts at element -1 of a storage with 6"));
    EXPECT_THAT(refused(tensor(storage(), int4(7), int4(0), int4(1)) + "."),
                HasSubstr("starts at element 7 of a storage with 6"));
    EXPECT_THAT(refused(tensor(storage(), int4(5), int4(2), int4(-1)) + "."),
                HasSubstr("negative stride -1"));
    EXPECT_THAT(refused(tensor(storage(), int4(0), int4(-2), int4(1)) + "."),
                HasSubstr("negative size -2"));
    EXPECT_THAT(refused(tensor(storage(), int4(0), int4(2), int4(1) + int4(1)) + "."),
                HasSubstr("has 1 sizes and 2 strides"));
    EXPECT_THAT(refused(tensor(storage(), int4(0), int8(INT64_MAX), int4(0)) + "."),
                HasSubstr("overflows"));
    EXPECT_THAT(refused(tensor(storage(), int4(0), int4(3), int8(INT64_MAX)) + "."),
                HasSubstr("overflow"));
    EXPECT_THAT(refused(tensor(storage(), int4(0), text("3"), int4(1)) + "."),
                HasSubstr("size contains something other than integers"));
}

TEST_F(Pickle, AStorageMustBeWhatItClaims) {
    EXPECT_THAT(
        refused(tensor(storage("FloatStorage", 5), int4(0), int4(1), int4(1)) + "."),
        HasSubstr("its storage '0' should have 5 elements of dtype float32, but has 24 bytes"));
    EXPECT_THAT(refused("(" + storage() + storage("IntStorage") + "t."),
                HasSubstr("its storage '0' is described in two different ways"));
    EXPECT_THAT(refused(storage("SecretStorage")),
                HasSubstr("refers to something that is not a storage"));
    EXPECT_THAT(refused(text("storage") + "Q."),
                HasSubstr("refers to something that is not a storage"));
    EXPECT_THAT(refused(storage("FloatStorage", -1)), HasSubstr("negative size -1"));
}

TEST_F(Pickle, NothingIsCalledThatIsNotOnTheList) {
    EXPECT_EQ(
        refused(global("os", "system") + text("false") + "\x85R."),
        "refused: the file tries to call os.system; only tensors and plain containers are read");
    EXPECT_THAT(refused(text("builtins") + text("eval") + "\x93."),
                HasSubstr("tries to call builtins.eval;"));
    EXPECT_THAT(refused(global("torch", "load") + "."), HasSubstr("tries to call torch.load;"));
    EXPECT_THAT(refused(global("torch", "float32") + ")R."),
                HasSubstr("refused: it contains only torch.float32"));
    EXPECT_THAT(refused(global("torch._utils", "_rebuild_tensor_v2") + ")R."),
                HasSubstr("_rebuild_tensor_v2 with invalid arguments (0 given)"));
    EXPECT_THAT(refused("K\1K\2b."),
                HasSubstr("sets attributes of something that is not an object"));
    EXPECT_THAT(refused("K\1)R."), HasSubstr("calls something that is not a function"));
    EXPECT_THAT(refused("K\1)\x81."), HasSubstr("calls something that is not a function"));
    EXPECT_THAT(refused("(cos\nsystem\no."), HasSubstr("tries to call os.system"));
    EXPECT_THAT(refused("(ios\nsystem\n."),
                HasSubstr("refused: its pickle contains the opcode 0x69"));
}

TEST_F(Pickle, TheMachineNeverReadsBeyondItsStackOrProgram) {
    EXPECT_THAT(refused("."), HasSubstr("uses a value that is missing"));
    EXPECT_THAT(refused("K\1(0."), HasSubstr("uses a value that is missing"));
    EXPECT_THAT(refused("K\1"), HasSubstr("its pickle is truncated at byte 2"));
    EXPECT_THAT(refused("X\xff\xff\xff\x7f"s + "abc"), HasSubstr("is truncated"));
    EXPECT_THAT(refused("\x8d" + std::string(8, '\xff')), HasSubstr("is truncated"));
    EXPECT_THAT(refused("cno line"), HasSubstr("is truncated"));
    EXPECT_THAT(refused("t."), HasSubstr("is missing a mark"));
    EXPECT_THAT(refused("h\7."), HasSubstr("reads memo entry 7, which it never stored"));
    EXPECT_THAT(refused("K\1K\2a."), HasSubstr("appends to something that is not a list"));
    EXPECT_THAT(refused("K\1K\2K\3s."), HasSubstr("sets items on something that is not a dict"));
    EXPECT_THAT(refused("}(K\1u."), HasSubstr("sets items"));
    EXPECT_THAT(refused("\x80\x09."), HasSubstr("uses protocol 9, expected at most 5"));
    EXPECT_THAT(refused("\x8a\x09" + std::string(9, '\1') + "."),
                HasSubstr("it contains only an integer beyond 64 bits"));
}

TEST_F(Pickle, AListThatDoublesAtEachLevelIsRefused) {
    std::string program = "]q\0K\1a"s;  // a list of one, then lists that hold the one before twice
    for (int level = 1; level < 60; ++level) {
        program += "](h"s + static_cast<char>(level - 1) + "h" + static_cast<char>(level - 1) +
                   "eq" + static_cast<char>(level);
    }
    EXPECT_THAT(refused(program + "."), HasSubstr("it contains more than 1000000 values"));
}

/// The largest memory that the process has had, in MB.
int64_t peak_megabytes() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("VmHWM:")) {
            return std::stoll(line.substr(6)) / 1024;
        }
    }
    return 0;
}

std::string repeated(const std::string& piece, size_t count) {
    std::string all;
    all.reserve(piece.size() * count);
    for (size_t i = 0; i < count; ++i) {
        all += piece;
    }
    return all;
}

/// Programs that make much of little: a list of many items, then a call that takes it again and
/// again; and what else a byte of program may ask for.
std::vector<std::pair<std::string, std::string>> greedy_programs() {
    const auto list = "]q\7(" + repeated("K\1", 250'000) + "e";
    const auto pairs = "]q\7(K\1K\2\x86q\2" + repeated("h\2", 250'000) + "e";
    const auto calls = [](const std::string& function, const std::string& arguments, size_t times) {
        return function + "q\5" + arguments + "q\6" + repeated("0h\5h\6R", times) + ".";
    };
    const auto rebuild = global("torch._utils", "_rebuild_tensor_v2");
    const auto long_name = "X" + int4(1 << 20).substr(1) + std::string(1 << 20, 'n');
    return {
        {"Size", list + calls(global("torch", "Size"), "h\7\x85", 100'000)},
        {"OrderedDict", pairs + calls(global("collections", "OrderedDict"), "h\7\x85", 100'000)},
        {"dimensions", list + calls(rebuild, "(" + storage() + int4(0) + "h\7h\7\x89Nt", 100'000)},
        {"tensors", calls(rebuild, "(" + storage() + int4(0) + "(t(t\x89Nt", 1'200'000)},
        {"memo", "K\1" + repeated("\x94", 12'000'000) + "."},
        {"marks", repeated("(", 36'000'000) + "."},
        {"values", repeated("N0", 8'000'000) + "N."},
        {"stack", "Nq\7" + repeated("h\7", 4'000'000) + "."},
        {"names", "]}q\7" + long_name + "K\1s0(" + repeated("h\7", 100'000) + "e."},
    };
}

TEST_F(Pickle, ASmallProgramGetsLittleMemoryAndTime) {
    for (const auto& [name, program] : greedy_programs()) {
        SCOPED_TRACE(name);
        const auto path = file(program);
        const auto before = peak_megabytes();
        const auto begin = std::chrono::steady_clock::now();
        const auto said = refusal_of(path);
        const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
        EXPECT_TRUE(said.find("requires more than 512 MB") != std::string::npos ||
                    said.find("250000 dimensions") != std::string::npos ||
                    said.find("expand to more data than a file of this size should contain") !=
                        std::string::npos ||
                    said == "(it was read)")
            << said.substr(0, 200);
        EXPECT_LT(peak_megabytes() - before, 1200);
        EXPECT_LT(seconds.count(), 20);
    }
}

TEST_F(Pickle, ElementsAreShownSeveralTimesWithinABound) {
    // expand() makes such views.
    const auto row =
        load(file(tensor(storage(), int4(0), int4(1000) + int4(6), int4(0) + int4(1)) + "."));
    EXPECT_EQ(row.at(0).second.sizes(), at::IntArrayRef({1000, 6}));
    EXPECT_EQ(refused(tensor(storage(), int4(0), int4(1 << 30), int4(0)) + "."), "(it was read)");
    EXPECT_THAT(refused(tensor(storage(), int4(0), int4((1 << 30) + 1), int4(0)) + "."),
                HasSubstr("has 1073741825 elements in a storage of 6 elements, expected at most"));
    EXPECT_THAT(refused(tensor(storage(), int4(0), int8(int64_t{1} << 60), int4(0)) + "."),
                HasSubstr("has 1152921504606846976 elements"));
    EXPECT_THAT(
        refused(tensor(storage(), int4(0), int4(1 << 20) + int4(1 << 20), int4(0) + int4(0)) + "."),
        HasSubstr("expected at most 1073741824"));
}

TEST_F(Pickle, NumbersBecomeScalars) {
    const auto tensors = load(file("](K\7" + int4(-5) + int8(int64_t{1} << 40) + "\x8a\x01\xff" +
                                   "\x8a\0"s + "\x88NG\x3f\xe0\0\0\0\0\0\0e."s));
    const NamedTensors wanted = {{"0", at::scalar_tensor(7, at::kLong)},
                                 {"1", at::scalar_tensor(-5, at::kLong)},
                                 {"2", at::scalar_tensor(int64_t{1} << 40, at::kLong)},
                                 {"3", at::scalar_tensor(-1, at::kLong)},
                                 {"4", at::scalar_tensor(0, at::kLong)},
                                 {"5", at::scalar_tensor(true, at::kBool)},
                                 {"7", at::scalar_tensor(0.5, at::kDouble)}};
    expect_same(tensors, wanted);
}

}  // namespace
}  // namespace hfc::tensor_file
