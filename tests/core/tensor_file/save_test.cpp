// What is written is read back, and a failed write leaves nothing behind.
#include "files.h"
#include "tensor_file/dtype.h"
#include "tensor_file/format.h"
#include "tensor_file/zip.h"

#include <ATen/ATen.h>
#include <sys/resource.h>

#include <csignal>

namespace hfc::tensor_file {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

at::Tensor sample(at::ScalarType type, at::IntArrayRef shape = {2, 3}) {
    const auto count = c10::multiply_integers(shape);
    if (type == at::kFloat4_e2m1fn_x2) {  // two numbers a byte, which nothing converts to
        return at::arange(count, at::kByte).reshape(shape).view(type);
    }
    const auto numbers =
        at::arange(count, at::kDouble).reshape(shape).sub(type == at::kBool ? 3 : 0);
    return at::isComplexType(type) ? at::complex(numbers, numbers.neg()).to(type)
                                   : numbers.to(type);
}

/// An npz of nothing but metadata, as this text.
std::string npz_with_metadata(const std::string& text) {
    const auto bytes = at::empty({static_cast<int64_t>(text.size())}, at::kByte);
    std::copy(text.begin(), text.end(), bytes.mutable_data_ptr<uint8_t>());
    ZipWriter archive;
    archive.add("__metadata__.npy", npy_header("", bytes), bytes);
    std::string written;
    archive.finish([&](std::string_view piece) { written += piece; });
    return written;
}

NamedTensors samples(std::string_view Dtype::*format) {
    NamedTensors tensors;
    for (const auto& dtype : dtypes()) {
        if (!(dtype.*format).empty()) {
            tensors.emplace_back(dtype.torch, sample(dtype.type));
        }
    }
    tensors.emplace_back("scalar", at::scalar_tensor(2.5));
    tensors.emplace_back("empty", at::empty({3, 0, 2}));
    tensors.emplace_back("layer.0/名 \"quoted\"", at::arange(5));
    return tensors;
}

TEST_F(TensorFile, RoundTripsKeepEveryBitAndTheOrder) {
    for (const auto& [extension, format] :
         {std::pair("safetensors", &Dtype::safetensors), std::pair("npz", &Dtype::npy)}) {
        SCOPED_TRACE(extension);
        const auto path = folder_ / (std::string("x.") + extension);
        const auto tensors = samples(format);
        ASSERT_GE(tensors.size(), 17U);
        save(path, tensors);
        expect_same(load(path), tensors);
        save(path, {});
        EXPECT_TRUE(load(path).empty());
        EXPECT_EQ(files(), 1U);
        std::filesystem::remove(path);
    }
    for (const auto& [name, tensor] : samples(&Dtype::npy)) {
        save(folder_ / "x.npy", {{name, tensor}});
        expect_same(load(folder_ / "x.npy"), {{"", tensor}});
    }
}

TEST_F(TensorFile, ViewsAreWrittenByTheirValues) {
    const auto base = sample(at::kFloat, {3, 4});
    const NamedTensors tensors = {{"transposed", base.t()},
                                  {"part", base.slice(1, 1, 4, 2)},
                                  {"expanded", base.select(0, 1).expand({2, 4})},
                                  {"gradient", base.clone().set_requires_grad(true)}};
    for (const auto* const name : {"x.safetensors", "x.npz"}) {
        save(folder_ / name, tensors);
        expect_same(load(folder_ / name), tensors);
    }
    const auto complex = sample(at::kComplexFloat);
    save(folder_ / "x.npy", {{"", complex.conj()}});
    expect_same(load(folder_ / "x.npy"), {{"", complex.conj().resolve_conj()}});
}

TEST_F(TensorFile, MetadataIsKept) {
    const Metadata metadata = {{"epoch", "3"}, {"quote \" and 名", "line\nline"}};
    for (const auto* const name : {"x.safetensors", "x.npz"}) {
        save(folder_ / name, {{"a", at::ones({1})}}, metadata);
        Metadata found;
        expect_same(load(folder_ / name, &found), {{"a", at::ones({1})}});
        EXPECT_EQ(found, metadata);
        save(folder_ / name, {}, metadata);
        EXPECT_TRUE(load(folder_ / name, &found).empty());
        EXPECT_EQ(found, metadata);
    }
}

TEST_F(TensorFile, DamagedMetadataOfNpzIsRefused) {
    EXPECT_THAT(refusal(npz_with_metadata("[1]")), HasSubstr("is not a JSON object of strings"));
    EXPECT_THAT(refusal(npz_with_metadata("{\"a\": 1}")), HasSubstr("'a' is not a string"));
    EXPECT_THAT(refusal(npz_with_metadata("{\"a\": " + std::string(9999, '['))),
                HasSubstr("is not a JSON object of strings"));
}

TEST_F(TensorFile, SafetensorsLiesAtMultiplesOfItsElements) {
    const NamedTensors tensors = {{"byte", at::ones({3}, at::kByte)},
                                  {"double", at::ones({1}, at::kDouble)}};
    save(folder_ / "x.safetensors", tensors);
    expect_same(load(folder_ / "x.safetensors"), tensors);
    const auto bytes = read_file(folder_ / "x.safetensors");
    EXPECT_EQ(static_cast<unsigned char>(bytes[0]) % 8, 0);
    EXPECT_THAT(bytes, HasSubstr(R"("double":{"dtype":"F64","shape":[1],"data_offsets":[0,8]})"));
}

TEST_F(TensorFile, TheSameTensorsGiveTheSameBytes) {
    save(folder_ / "a.npz", samples(&Dtype::npy));
    save(folder_ / "b.npz", samples(&Dtype::npy));
    EXPECT_EQ(read_file(folder_ / "a.npz"), read_file(folder_ / "b.npz"));
}

TEST_F(TensorFile, SavingNamesWhatIsWrong) {
    const auto error = [&](const char* name, const NamedTensors& tensors,
                           const Metadata& metadata = {}) -> std::string {
        try {
            save(folder_ / name, tensors, metadata);
        } catch (const Error& caught) {
            EXPECT_THAT(caught.what(),
                        HasSubstr("cannot write '" + (folder_ / name).string() + "': "));
            return caught.what();
        }
        return "(it was written)";
    };
    const auto one = at::ones({1});
    EXPECT_THAT(error("x.pt", {{"a", one}}),
                HasSubstr("the extension must be one of .safetensors, .npz and .npy, got '.pt'"));
    EXPECT_THAT(error("x", {{"a", one}}), HasSubstr("got ''"));
    EXPECT_THAT(error("x.npy", {{"a", one}, {"b", one}}),
                HasSubstr("an npy file contains exactly one tensor, got 2"));
    EXPECT_THAT(error("x.npz", {{"a", one}, {"a", one}}),
                HasSubstr("two tensors have the name 'a'"));
    EXPECT_THAT(error("x.npz", {{"", one}}), HasSubstr("a tensor has no name"));
    EXPECT_THAT(error("x.npz", {{"a", at::Tensor()}}), HasSubstr("tensor 'a' is undefined"));
    EXPECT_THAT(error("x.npz", {{"a", one.to(at::kBFloat16)}}),
                HasSubstr("tensor 'a' has dtype bfloat16, which NumPy does not support"));
    EXPECT_THAT(error("x.safetensors", {{"a", sample(at::kComplexDouble)}}),
                HasSubstr("dtype complex128, which safetensors does not support"));
    EXPECT_THAT(error("x.safetensors", {{"__metadata__", one}}), HasSubstr("reserves that name"));
    EXPECT_THAT(error("x.safetensors", {{"\xff", one}}), HasSubstr("UTF-8"));
    EXPECT_THAT(error("x.npz", {{"\xff", one}}), HasSubstr("UTF-8"));
    EXPECT_THAT(error("x.safetensors", {{"a", one.to_sparse()}}),
                HasSubstr("must be dense, not quantized, and not on the meta device"));
    EXPECT_THAT(error("x.npz", {{"a", one.to(at::kMeta)}}),
                HasSubstr("must be dense, not quantized, and not on the meta device"));
    EXPECT_THAT(error("x.npz", {{"__metadata__", one}}), HasSubstr("that name is reserved"));
    EXPECT_THAT(error("x.npy", {{"a", one}}, {{"k", "v"}}),
                HasSubstr("an npy file cannot contain metadata"));
    EXPECT_THAT(error("none/x.npz", {{"a", one}}), HasSubstr("No such file or directory"));
    EXPECT_EQ(files(), 0U) << "nothing is left behind";
}

TEST_F(TensorFile, AFailedWriteKeepsTheOldFileAndLeavesNothingElse) {
    // A limit on the size of files stands in for the full disk.
    rlimit before = {};
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
    std::signal(SIGXFSZ, SIG_IGN);
    const NamedTensors small = {{"a", at::ones({4})}};
    const NamedTensors large = {{"a", at::ones({100'000})}};
    for (const auto* const name : {"x.safetensors", "x.npz", "x.npy"}) {
        save(folder_ / name, small);
        const rlimit limit = {8192, before.rlim_max};
        ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
        EXPECT_THAT(
            [&] { save(folder_ / name, large); },
            ThrowsMessage<Error>(AllOf(HasSubstr("cannot write '"), HasSubstr("File too large"))));
        ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
        EXPECT_EQ(load(folder_ / name)[0].second.numel(), 4);
    }
    EXPECT_EQ(files(), 3U);
}

TEST_F(TensorFile, AFullDeviceIsAnError) {
    for (const auto* const name : {"x.safetensors", "x.npz", "x.npy"}) {
        std::filesystem::create_symlink("/dev/full", folder_ / name);
        EXPECT_THAT(
            [&] {
                save(folder_ / name, {{"a", at::ones({4})}});
            },
            ThrowsMessage<Error>(HasSubstr("No space left on device")));
    }
    EXPECT_EQ(files(), 3U);
}

}  // namespace
}  // namespace hfc::tensor_file
