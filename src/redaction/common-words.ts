/** Names that are words or places as well: alone, they do not tell of whom a text speaks. */
export const isCommonName = (word: string): boolean => COMMON.has(word.toLowerCase())

const COMMON = new Set(
  (
    'will may mark grace hope rose summer april june august art bill chase christian dale dawn drew faith gene grant guy hunter iris ivy jack jade jay joy lance lily ' +
    'max mason melody miles olive page pat penny pierce ray reed rich rob robin rusty sage sandy skip sky sterling stone sue sunny trip violet wade ward amber angel ' +
    'autumn basil bay belle blaze blue brook candy carol cash charity chip clay cliff colt crystal daisy destiny diamond dusty earnest eve fern flora forest ford frank ' +
    'gale glen harmony hazel heath heather holly honey ginger jasmine jean jewel journey justice king lane liberty logan love lucky major marina mercy merry mercury nick ' +
    'noble pearl phoenix pilot prince princess precious queen rain raven river rocky royal ruby saint sierra star storm taylor temple toy true van victor wolf woody ' +
    'london paris austin dallas denver madison charlotte florence sydney brooklyn jackson jordan chelsea georgia virginia carolina dakota montana israel india chad kenya ' +
    'china asia eden milan vienna adelaide victoria houston orlando savannah lincoln washington berlin boston chicago miami york columbia francisco diego antonio ' +
    'brown black white green gray grey young long short hill hills wood woods bush lake rivers field fields bank banks bell bird fish fox cook baker butcher carpenter ' +
    'miller smith turner walker fisher farmer gardner shepherd price best good gold silver sharp small little strong swift wise day days march winter winters summers snow ' +
    'frost church house hall park parks west north south east street bridge brooks marsh moore knight bishop pope abbot duke earl law case power powers hand head foot ' +
    'cross roman latin english french german irish scott welsh holland ireland england wales poland spain burns bond bacon rice berry bean beans coffee cotton leather ' +
    'steel iron marble glass wall walls gates wells pool pond shore beach hunt chance luck self first last second english sales support service test user admin guest ' +
    'mini max pro plus air home office work main classic standard premium basic business economy gold platinum visa master card gift mail post express prime'
  ).split(' '),
)
