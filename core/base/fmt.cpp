// The compiled half of fmt. LibTorch brings fmt's headers but not its library; used header-only,
// fmt would be compiled anew into every file of the project (half of the time that most of them
// take).
//
// It instantiates names that fmt keeps to itself, which another version may call otherwise.
// cmake/FindLibTorch.cmake compares the version of the headers with the one below. Where they
// differ it defines FMT_HEADER_ONLY: the program is the same, its build takes longer.
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
