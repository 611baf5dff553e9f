-- to_char, to_date, to_timestamp by format.
SELECT id, to_char(ts, 'YYYY-MM-DD HH24:MI:SS'), to_char(tl, 'YYYY-MM-DD"T"HH24:MI:SS.MS'), to_char(ts, 'Mon DD, YYYY'), to_char(tl, 'Dy HH12:MI AM'), to_char(d, 'DD/MM/YY') FROM t ORDER BY id;
SELECT id, to_char(ts, 'Month'), to_char(ts, 'FMMonth DD'), to_char(ts, 'DAY'), to_char(ts, 'day'), to_char(ts, 'FMDay'), to_char(ts, 'MON mon DY'), to_char(tl, 'Q WW IW W CC J') FROM t ORDER BY id;
SELECT id, to_char(tl, 'YYY YY Y Y,YYY IYYY IYY IY I'), to_char(tl, 'DDD IDDD D ID'), to_char(tl, 'HH HH12 FMHH FMMI SSSS US'), to_char(tl, 'FF1 FF2 FF3 FF6'), to_char(tl, 'DDth FMDDTH'), to_char(tl, 'RM rm FMRM') FROM t ORDER BY id;
SELECT id, to_char(ts, 'OF'), to_char(ts, 'TZH:TZM'), to_char(tl, 'BC AD b.c.'), to_char(tl, 'a.m. P.M. am'), to_char(tl, 'yyyy-mm-dd'), to_char(tl, '\"YYYY\" "quoted YYYY" x'), to_char(tl, '') FROM t WHERE id <> 9 ORDER BY id;
SELECT id, to_char(iv, 'DD HH24:MI:SS'), to_char(iv, 'YYYY MM'), to_char(-iv, 'HH24:MI'), to_char(iv, 'HH12 MS') FROM t ORDER BY id;
SELECT to_char(iv, 'Month') FROM t WHERE id = 1; -- 22007
SELECT id, to_char(i4, '999'), to_char(i4, '9999999999'), to_char(i4, '0000'), to_char(i4, 'FM999,999,999,999'), to_char(i4, '9,999'), to_char(i4, 'S999'), to_char(i4, '999S'), to_char(i4, '999MI'), to_char(i4, 'FM999MI') FROM t ORDER BY id;
SELECT id, to_char(n, '999.99'), to_char(n, 'FM999.99'), to_char(n, 'FM990.00'), to_char(n, '0.9'), to_char(n, '9.9'), to_char(n, '99999999.9999'), to_char(n, 'FM999999999.9999'), to_char(n, '999G999D99'), to_char(n, '"x"9.9"y"'), to_char(n, 'FM9.9') FROM t ORDER BY id;
SELECT id, to_char(i8, 'FM9,999,999,999'), to_char(nf, 'FM9999990.099'), to_char(n, '000.000'), to_char(n, 'FMS99.9'), to_char(n, 'S0.00'), to_char(n, '') FROM t WHERE id <> 5 ORDER BY id;
SELECT id, to_char(f, '9999.999'), to_char(f, 'FM999999999.00'), to_char(f, '0.0') FROM t WHERE id <> 5 ORDER BY id;
SELECT to_date('2024-06-03', 'YYYY-MM-DD'), to_date('03 Jun 2024', 'DD Mon YYYY'), to_date('20240603', 'YYYYMMDD'), to_date('6/3/24', 'MM/DD/YY'), to_date('2024 155', 'YYYY DDD'), to_date('June 3, 1999', 'Month DD, YYYY');
SELECT to_timestamp('2024-06-03 14:30:15', 'YYYY-MM-DD HH24:MI:SS'), to_timestamp('2024-06-03 02:30 PM', 'YYYY-MM-DD HH12:MI AM'), to_timestamp('20240603143015123', 'YYYYMMDDHH24MISSMS'), to_timestamp('2024-06-03T14:30:15.5', 'YYYY-MM-DD"T"HH24:MI:SS.MS'), to_timestamp('2024-06-03 14:30 +05:30', 'YYYY-MM-DD HH24:MI TZH:TZM');
SELECT id, to_date(d::text, 'YYYY-MM-DD'), to_timestamp(tl::text, 'YYYY-MM-DD HH24:MI:SS.US') FROM t ORDER BY id;
SELECT to_date('2024-13-01', 'YYYY-MM-DD'); -- 22008
SELECT to_date('2024-02-30', 'YYYY-MM-DD'); -- 22008
SELECT to_date('abc', 'YYYY-MM-DD'); -- 22007
SELECT to_timestamp('25:00', 'HH24:MI'); -- 22008
SELECT to_timestamp('13:00 AM', 'HH12:MI AM'); -- 22007
