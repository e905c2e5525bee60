// The opcodes of Python's pickletools that tensors and plain containers need; all others are
// refused.
#pragma once

namespace hfc::tensor_file::pickle {

enum Opcode : unsigned char {
    protocol = 0x80,
    frame = 0x95,
    stop = '.',
    mark = '(',
    pop_one = '0',
    none = 'N',
    new_true = 0x88,
    new_false = 0x89,
    int4 = 'J',
    int1 = 'K',
    int2 = 'M',
    long1 = 0x8a,
    binary_float = 'G',
    unicode1 = 0x8c,
    unicode4 = 'X',
    unicode8 = 0x8d,
    string1 = 'U',
    string4 = 'T',
    empty_list = ']',
    empty_tuple = ')',
    empty_dict = '}',
    tuple_to_mark = 't',
    tuple1 = 0x85,
    tuple2 = 0x86,
    tuple3 = 0x87,
    append_one = 'a',
    append_many = 'e',
    set_one = 's',
    set_many = 'u',
    put1 = 'q',
    put4 = 'r',
    memoize = 0x94,
    get1 = 'h',
    get4 = 'j',
    global = 'c',
    stack_global = 0x93,
    reduce_call = 'R',
    build_state = 'b',
    persistent_id = 'Q',
};

}  // namespace hfc::tensor_file::pickle
