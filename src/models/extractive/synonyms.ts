import type { Analyse } from '#kernel'

/**
 * Words that people at work use for one another, by language: a question says "holiday" where the policy says "annual
 * leave". General vocabulary, no names of anything; a word may stand in several groups. Kinds of a thing do not
 * belong here: a question about sabbaticals is not answered by what is said about leave.
 */
const groups: Readonly<Record<'en' | 'de' | 'zh', string>> = {
  en: `
holiday vacation leave
leave absence
employee staff worker personnel colleague crew workforce
customer client buyer consumer
company firm organisation organization business employer enterprise
supplier vendor provider contractor
boss manager supervisor lead head superior
person people individual somebody someone anybody anyone user
child kid girl boy son daughter
money amount sum payment funds
price cost fee charge rate fare tariff expense
pay paid payment settle remit
salary wage pay earnings remuneration compensation income
refund reimburse repay return back recover
discount reduction rebate off deduction
bill invoice
buy purchase order acquire procure
sell sale vend
limit maximum cap ceiling most threshold highest
minimum least lowest smallest
penalty fine sanction charge
owe owed due payable liable
liable liability responsible bear answerable
insurance cover coverage insured policy
claim loss damage
excess deductible
car vehicle automobile van
lorry truck
phone telephone mobile cellphone smartphone
computer laptop notebook device machine pc
password passcode credentials pin
login log sign signin access authenticate
lock locked block blocked suspend suspended disable disabled shut
reset restore recover
delete remove erase purge wipe
undo reverse revert rollback withdraw
change modify alter amend edit update switch move correct
replace exchange swap substitute renew
repair fix mend
fault error failure defect bug problem malfunction issue
fail failed break broken crash outage
outage blackout downtime unavailable interruption failure
reason cause because root origin trigger
happen occur take
start begin commence launch open
end finish stop terminate expire lapse close cease
terminate cancel end resign quit notice withdraw
cancel call revoke annul withdraw drop
resign leave quit departure
allow permit may authorise authorize approve
permission approval consent authorisation authorization clearance
forbid forbidden prohibit ban banned allowed permitted
refuse reject decline deny
need require must necessary mandatory
ask request apply demand
answer reply respond response
tell inform notify report announce declare notification
send submit transmit forward hand deliver
receive get obtain
give provide supply offer grant issue
offer offered choose choice
keep retain store hold preserve retention archive
stored storage hosted located
collect fetch pick gather
document file record paper
form template questionnaire
rule regulation policy guideline provision
contract agreement deal
deadline date latest until due
period duration term length time
quick quickly fast soon prompt immediately
often frequency frequent regularly every interval
yearly annual annually year
monthly month
weekly week
daily day
fortnight fortnightly biweekly
quarter quarterly
ill sick illness sickness disease
doctor physician medical
accident incident collision crash
death die dead deceased
birth born baby newborn
wedding marriage marry
parent mother father maternity paternity parental
home remote remotely house
office workplace premises site
travel trip journey drive ride commute
travel voyage crossing sailing passage
accommodation lodging overnight
meal food eat drink lunch dinner breakfast
luggage baggage suitcase bag
ticket booking reservation
book reserve order
goods cargo freight load shipment consignment
ship vessel boat ferry
late delay delayed
storm weather wind
pet animal
bicycle bike cycle
rail railway
plane flight air fly
weight heavy kilogram kg
size large big length height width dimension
number count quantity many
part share portion percentage proportion fraction
extra additional surcharge supplement further
free charge gratis
new recent latest
old previous former earlier
expensive costly dear pricey
cheap inexpensive affordable low
wrong incorrect false mistake error
right correct proper valid
test check examine inspect verify audit
training course seminar learn education
meeting session conference
lawyer legal counsel attorney
court lawsuit dispute arbitration litigation tribunal
law statute act legislation
decide decision determine
sign signature signed
agree agreed consent
promise commitment guarantee warranty
guarantee warranty
bonus incentive gratification
promotion promoted advancement
hire recruit employ join
probation trial
train practise practice exercise drill rehearse
emergency alarm urgent
injured injury hurt harm wounded
fire blaze burn
water leak flood
break burst
theft steal stolen burglary rob
lost lose missing loss
found find locate
clothes clothing uniform dress
smoke smoking tobacco
alcohol drink drunk
server machine host
encrypt encrypted encryption
backup copy
upload import
download export
deploy release rollout ship
version release edition
developer engineer programmer
purpose aim goal objective
responsible owner charge accountable
meet gather assemble assembly
guest visitor passenger
room cabin
gift present hospitality
expense cost spend
spend spent expenditure
`,
  de: `
urlaub ferien erholungsurlaub
mitarbeiter beschäftigte angestellte personal arbeitnehmer belegschaft kollege
kunde auftraggeber käufer
firma unternehmen betrieb arbeitgeber gesellschaft
lieferant anbieter dienstleister
chef vorgesetzter leitung leiter teamleitung
preis kosten gebühr entgelt beitrag prämie
bezahlen zahlen begleichen überweisen
bezahlung vergütung gehalt lohn entgelt
erstatten erstattung rückzahlung zurückzahlen zurück
rabatt nachlass ermäßigung
rechnung faktura
grenze höchstens maximal obergrenze limit maximum
mindestens minimum untergrenze
selbstbeteiligung selbstbehalt eigenanteil
versicherung deckung versicherungsschutz
schaden verlust
haftung haften haftbar
auto fahrzeug wagen pkw
handy telefon smartphone mobiltelefon
rechner computer laptop notebook
kennwort passwort
ändern änderung anpassen
löschen entfernen vernichten
ursache grund auslöser
beginnen starten anfangen beginn anfang
enden ende ablaufen beenden endet
kündigen kündigung beenden
absagen stornieren widerrufen
erlaubt gestattet zulässig dürfen
genehmigung zustimmung erlaubnis freigabe
verboten untersagt unzulässig
ablehnen verweigern
melden mitteilen anzeigen informieren
schicken senden übermitteln einreichen
bekommen erhalten
geben bereitstellen stellen gewähren
aufbewahren speichern lagern
frist zeitraum dauer
krank krankheit arbeitsunfähig erkrankt
arzt ärztlich
homeoffice mobil zuhause hause telearbeit
überstunden plusstunden mehrarbeit
arbeiten arbeit tätigkeit
feiertag feiertage
reise fahrt dienstreise
anteil prozent prozentsatz
zusätzlich zuschlag aufschlag
fehler störung ausfall defekt
prüfen kontrollieren testen
schulung kurs fortbildung
unfall vorfall ereignis
einbruch diebstahl
übersteigen überschreiten höher hinausgehen darüber
regelmäßig üblich normal
`,
  zh: `
费用 价格 多少钱 收费 金额
员工 职员 雇员 同事
客户 顾客 用户
公司 企业 单位
退款 退还 退回 返还 退票
取消 撤销 终止
购买 买 购票 预订
上网 网络 无线 wifi
开放 开门 营业 服务
关门 关闭 结束 打烊
孩子 儿童 小孩
手机 电话 热线
密码 口令
登录 登陆
上传 提交 发送
下载 导出
删除 清除
最多 最大 上限 不超过
至少 最少 最低
期限 时间 天数
假期 休假 年假
生病 病假
工资 薪水 薪酬
保险 保障 承保
理赔 赔付 索赔
照片 图片 相片
错误 故障 失败
原因 为什么
更改 修改 变更
保存 保留 存放
行李 箱子
`,
}

const built = new WeakMap<Analyse, Map<string, ReadonlyMap<string, readonly string[]>>>()

/** For each stem of the list the stems of its synonyms, as this analyser makes them. */
export function synonymStems(
  analyse: Analyse,
  language: string | undefined,
): ReadonlyMap<string, readonly string[]> {
  const spoken = language === 'de' || language === 'zh' ? language : 'en'
  let byLanguage = built.get(analyse)
  if (!byLanguage) {
    byLanguage = new Map()
    built.set(analyse, byLanguage)
  }
  let stems = byLanguage.get(spoken)
  if (!stems) {
    stems = stemsOf(groups[spoken], (word) => analyse(word, spoken))
    byLanguage.set(spoken, stems)
  }
  return stems
}

function stemsOf(
  list: string,
  analyse: (word: string) => readonly string[],
): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, Set<string>>()
  for (const line of list.trim().split('\n')) {
    const stems = line.split(' ').flatMap((word) => {
      const made = analyse(word)
      return made.length === 1 ? [made[0]!] : []
    })
    for (const stem of stems) {
      const others = found.get(stem) ?? new Set()
      for (const other of stems) if (other !== stem) others.add(other)
      found.set(stem, others)
    }
  }
  return new Map([...found].map(([stem, others]) => [stem, [...others]]))
}
