;; br_table and call_indirect: a tiny virtual machine, four million steps.
(module
  (type $step (func (param i32) (result i32)))
  (table funcref (elem $double $halve $increment $mix))
  (func $double (type $step) (i32.shl (local.get 0) (i32.const 1)))
  (func $halve (type $step) (i32.shr_u (local.get 0) (i32.const 1)))
  (func $increment (type $step) (i32.add (local.get 0) (i32.const 77)))
  (func $mix (type $step) (i32.xor (local.get 0) (i32.const 0x55AA55AA)))
  (func (export "run") (result i32)
    (local $i i32) (local $x i32)
    (local.set $x (i32.const 1))
    (loop $next
      (local.set $x
        (call_indirect (type $step) (local.get $x) (i32.and (i32.shr_u (local.get $i) (i32.const 3)) (i32.const 3))))
      (block $d (block $c (block $b (block $a
        (br_table $a $b $c $d (i32.and (local.get $i) (i32.const 3))))
        (local.set $x (i32.add (local.get $x) (i32.const 3))) (br $d))
        (local.set $x (i32.xor (local.get $x) (local.get $i))) (br $d))
        (local.set $x (i32.rotl (local.get $x) (i32.const 5))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (i32.const 4000000))))
    (local.get $x)))
