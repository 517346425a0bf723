;; Floats, for comparison with another interpreter (which prints six digits). Every export takes nothing.
(module
  (func (export "nearest") (result f64) (f64.nearest (f64.const 2.5)))
  (func (export "floor") (result f32) (f32.floor (f32.const -1.25)))
  (func (export "sqrt") (result f64) (f64.sqrt (f64.const 2)))
  (func (export "min_zero") (result f32) (f32.min (f32.const 0) (f32.const -0)))
  (func (export "demote") (result f32) (f32.demote_f64 (f64.const 1.1)))
  (func (export "convert") (result f64) (f64.convert_i64_u (i64.const -1)))
  (func (export "trunc_sat") (result i32) (i32.trunc_sat_f64_s (f64.const 1e30)))
  (func (export "trunc_trap") (result i32) (i32.trunc_f64_s (f64.const 2147483648)))
  (func (export "trunc_edge") (result i32) (i32.trunc_f64_s (f64.const -2147483648.9)))
  (func (export "trunc_nan") (result i64) (i64.trunc_f32_u (f32.const nan)))
  (func (export "harmonic") (result f64)
    (local $i i32) (local $sum f64)
    (loop $l
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (local.set $sum (f64.add (local.get $sum) (f64.div (f64.const 1) (f64.convert_i32_u (local.get $i)))))
      (br_if $l (i32.lt_u (local.get $i) (i32.const 1000))))
    (local.get $sum)))
