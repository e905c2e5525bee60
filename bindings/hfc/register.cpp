#include "bindings/hfc/register.h"

namespace hfc::lua {

void register_hfc(lua_State* L) {
    detail::register_attack(L);
    detail::register_robustness(L);
    detail::register_augment(L);
    detail::register_data(L);
    detail::register_corrupt(L);
    detail::register_decompose(L);
    detail::register_detection(L);
    detail::register_frequency(L);
    detail::register_mask(L);
    detail::register_sensitivity(L);
    detail::register_memory(L);
    detail::register_model(L);
    detail::register_model_part(L);
    detail::register_measure(L);
    detail::register_parallel(L);
    detail::register_profile(L);
    detail::register_run(L);
    detail::register_saved_model(L);  // methods of Run
    detail::register_chart(L);
    detail::register_image(L);
    detail::register_read_run(L);
    detail::register_epochs(L);
    detail::register_smooth(L);
    detail::register_stats(L);
    detail::register_train(L);
}

void set_metamethod(lua_State* L, const std::string& type, const char* event,
                    lua_CFunction function) {
    push_metatable_of(L, type);
    lua_pushcfunction(L, function);
    lua_setfield(L, -2, event);
    lua_pop(L, 1);
}

}  // namespace hfc::lua
