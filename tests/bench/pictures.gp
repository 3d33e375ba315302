# Draws the results of the benchmark. Run it in the root of the repository:
#   gnuplot -e "csv='bench.csv'; out='tests/bench/pictures'" tests/bench/pictures.gp
set datafile separator ','
set datafile missing NaN
set encoding utf8
set border 3 linecolor '#555555'
set tics nomirror textcolor '#333333'
font = 'Helvetica,Arial,sans-serif'

names = 'echo_server epoll poll select libuv libevent Asio Go Node.js Python'
colours = '#d62728 #1f77b4 #ff9f1c #7a5c3e #2ca02c #9467bd #17a2b8 #00796b #8bc34a #6c757d'
place(name) = sum [i = 1:words(names)] (word(names, i) eq name ? i : 0)

# CPU time by number of idle connections.
set terminal svg size 760,460 font font.',14' background '#ffffff' linewidth 1 dynamic noenhanced
set output out.'/cost_by_idle.svg'
set title 'CPU time per message: 50 busy connections among idle ones' font font.',16'
set xlabel 'idle connections'
set ylabel 'server CPU time per message, µs (log scale)'
set xrange [-100:9300]
set xtics (0, 900, 3000, 9000)
set logscale y
set yrange [2:*]
set ytics (2, 3, 5, 10, 20, 30, 50, 100, 200)
set grid ytics linecolor '#dddddd' linewidth 1
set key outside right center invert samplen 2 spacing 1.15
idle_with(name) = (strcol(5) eq name && $2 == 50 && $4 == 64) ? $3 : NaN
plot for [i = words(names):1:-1] csv using (idle_with(word(names, i))):6 \
  with linespoints linecolor rgb word(colours, i) linewidth (i == 1 ? 4 : 1.5) \
  pointtype (i == 1 ? 7 : 6) pointsize (i == 1 ? 0.9 : 0.5) title word(names, i)
unset logscale
unset grid

# Messages per second: a panel for each of three workloads.
set terminal svg size 900,420 font font.',13' background '#ffffff' linewidth 1 dynamic noenhanced
set output out.'/throughput.svg'
array busy[3] = [50, 8, 50]
array idle[3] = [0, 0, 9000]
array bytes[3] = [64, 16384, 64]
array titles[3] = ['50 busy, 64 B', '8 busy, 16 KiB', '50 busy, 9000 idle, 64 B']
set multiplot layout 1,3 margins 0.11,0.98,0.17,0.82 spacing 0.03 \
  title 'Thousands of messages per second, one core' font font.',16'
unset key
unset ylabel
set border 1
set style fill solid 1.0 noborder
set xlabel 'thousands per second' font font.',12'
set xtics auto
rate(p) = ($2 == busy[p] && $3 == idle[p] && $4 == bytes[p]) ? $8 / 1000 : NaN
do for [p = 1:3] {
  unset ytics
  set ytics scale 0
  do for [i = 1:words(names)] {
    set ytics add (p == 1 ? word(names, i) : '' -i)
  }
  set xrange [*:*]
  set yrange [*:*]
  stats csv using (rate(p)) nooutput
  set xrange [0:STATS_max * 1.18]
  set yrange [-words(names) - 0.6:-0.4]
  set title titles[p] font font.',14'
  plot csv using (0):(-place(strcol(5))):(0):(rate(p)):(-place(strcol(5)) - 0.36): \
      (-place(strcol(5)) + 0.36):(place(strcol(5)) == 1 ? 0xd62728 : 0x9db4c8) \
      with boxxyerror linecolor rgb variable, \
    csv using (rate(p)):(-place(strcol(5))):(sprintf('%.0f', rate(p))) \
      with labels left offset 0.5,0 textcolor '#333333'
}
unset multiplot
