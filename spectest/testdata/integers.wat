;; Integer arithmetic at its edges, for comparison with another interpreter. Every export takes nothing.
(module
  (func (export "overflow") (result i32) (i32.div_s (i32.const 0x80000000) (i32.const -1)))
  (func (export "divide_by_zero") (result i32) (i32.rem_u (i32.const 1) (i32.const 0)))
  (func (export "rem_minus_one") (result i32) (i32.rem_s (i32.const 0x80000000) (i32.const -1)))
  (func (export "rotl") (result i32) (i32.rotl (i32.const 0xABCD9876) (i32.const 37)))
  (func (export "shr") (result i64) (i64.shr_s (i64.const -9) (i64.const 65)))
  (func (export "clz") (result i64) (i64.clz (i64.const 1)))
  (func (export "popcnt") (result i32) (i32.popcnt (i32.const 0xF0F0F0F1)))
  (func (export "extend") (result i64) (i64.extend8_s (i64.const 0x1234_5680)))
  (func (export "wrap") (result i32) (i32.wrap_i64 (i64.const 0x1_0000_0007)))
  (func $collatz (param $n i64) (result i32)
    (local $steps i32)
    (block $done
      (loop $again
        (br_if $done (i64.eq (local.get $n) (i64.const 1)))
        (local.set $n
          (select
            (i64.add (i64.mul (local.get $n) (i64.const 3)) (i64.const 1))
            (i64.shr_u (local.get $n) (i64.const 1))
            (i32.wrap_i64 (i64.and (local.get $n) (i64.const 1)))))
        (local.set $steps (i32.add (local.get $steps) (i32.const 1)))
        (br $again)))
    (local.get $steps))
  (func (export "collatz") (result i32) (call $collatz (i64.const 837799)))
  (func (export "unreachable") unreachable))
