;; f64 arithmetic and address computations: product of two 160 x 160 matrices, twice.
(module
  (memory 16)
  (func $init (param $base i32) (param $seed f64)
    (local $i i32)
    (loop $next
      (f64.store (i32.add (local.get $base) (i32.shl (local.get $i) (i32.const 3)))
                 (f64.add (local.get $seed) (f64.convert_i32_s (i32.rem_u (local.get $i) (i32.const 17)))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (i32.const 25600)))))
  (func $multiply (param $a i32) (param $b i32) (param $c i32)
    (local $i i32) (local $j i32) (local $k i32) (local $sum f64)
    (loop $rows
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $sum (f64.const 0))
        (local.set $k (i32.const 0))
        (loop $terms
          (local.set $sum
            (f64.add (local.get $sum)
              (f64.mul
                (f64.load (i32.add (local.get $a)
                  (i32.shl (i32.add (i32.mul (local.get $i) (i32.const 160)) (local.get $k)) (i32.const 3))))
                (f64.load (i32.add (local.get $b)
                  (i32.shl (i32.add (i32.mul (local.get $k) (i32.const 160)) (local.get $j)) (i32.const 3)))))))
          (local.set $k (i32.add (local.get $k) (i32.const 1)))
          (br_if $terms (i32.lt_u (local.get $k) (i32.const 160))))
        (f64.store (i32.add (local.get $c)
          (i32.shl (i32.add (i32.mul (local.get $i) (i32.const 160)) (local.get $j)) (i32.const 3))) (local.get $sum))
        (local.set $j (i32.add (local.get $j) (i32.const 1)))
        (br_if $columns (i32.lt_u (local.get $j) (i32.const 160))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $rows (i32.lt_u (local.get $i) (i32.const 160)))))
  (func (export "run") (result i32)
    (call $init (i32.const 0) (f64.const 1))
    (call $init (i32.const 204800) (f64.const 2))
    (call $multiply (i32.const 0) (i32.const 204800) (i32.const 409600))
    (call $multiply (i32.const 204800) (i32.const 409600) (i32.const 614400))
    (i32.trunc_sat_f64_s (f64.div (f64.load (i32.const 614408)) (f64.const 1000)))))
