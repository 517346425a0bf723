// encode_module: Module to its binary form (Spec: binary-module), integers in shortest form, except
// function bodies and expressions, whose bytes are copied as they are. encode_instr writes single
// instructions: the text parser makes bodies with it.
#pragma once

#include <vector>

#include "engine/base/writer.h"
#include "engine/syntax/instr.h"
#include "engine/syntax/module.h"

namespace skiff {

/// Encodes a module. The name section is written from module.names and branch hints from
/// module.branch_hints when `customs` does not already hold those sections; other custom sections are
/// written from `customs` at their places. Requires: indices fit their spaces (valid or decoded module).
std::vector<uint8_t> encode_module(const Module& module);

/// Appends opcode and immediates.
void encode_instr(Writer& out, const Instr& instr);

void encode_val_type(Writer& out, ValType type);
void encode_heap_type(Writer& out, HeapType type);
/// A final type without supertype takes its short form.
void encode_sub_type(Writer& out, const SubType& type);
/// Spec: binary-rectype. One type that is no explicit group is written by itself.
void encode_rec_type(Writer& out, std::span<const SubType> types, bool explicit_group);
void encode_table_type(Writer& out, const TableType& type);
void encode_memory_type(Writer& out, const MemoryType& type);
void encode_global_type(Writer& out, const GlobalType& type);

}  // namespace skiff
