// The compiled part of fmt. LibTorch includes fmt's headers but not its library. Without this file,
// fmt would be compiled again in every file of the project, and most files would spend half of
// their build time on it.
//
// This file instantiates internal names of fmt, which may be different in another version.
// cmake/FindLibTorch.cmake compares the version of the headers with the one below. If they differ,
// it defines FMT_HEADER_ONLY. The program stays the same but takes longer to build.
#ifndef FMT_HEADER_ONLY
#include <fmt/format-inl.h>

#if FMT_VERSION / 10000 != 12
#error "fmt.cpp is written for a different version of fmt: build with -DFMT_HEADER_ONLY"
#endif

FMT_BEGIN_NAMESPACE
#if FMT_USE_LOCALE
template locale_ref::locale_ref(const std::locale& locale);
template std::locale locale_ref::get<std::locale>() const;
#endif

namespace detail {
template dragonbox::decimal_fp<float> dragonbox::to_decimal(float) noexcept;
template dragonbox::decimal_fp<double> dragonbox::to_decimal(double) noexcept;
template thousands_sep_result<char> thousands_sep_impl(locale_ref);
template char decimal_point_impl(locale_ref);
template thousands_sep_result<wchar_t> thousands_sep_impl(locale_ref);
template wchar_t decimal_point_impl(locale_ref);
}  // namespace detail
FMT_END_NAMESPACE
#endif
