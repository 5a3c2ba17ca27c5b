// Alpha_U of DKPro Statistics for tests/oracles/alpha_u.py: studies on stdin, values on stdout.
//
// A study is a line "raters begin length units", then one line "rater category offset length" for
// each unit. Its answer is one line: alpha of all categories, then each category and its alpha.

import java.util.Scanner;
import org.dkpro.statistics.agreement.unitizing.KrippendorffAlphaUnitizingAgreement;
import org.dkpro.statistics.agreement.unitizing.UnitizingAnnotationStudy;

class AlphaU {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        while (in.hasNextInt()) {
            int raters = in.nextInt();
            var study = new UnitizingAnnotationStudy(raters, in.nextLong(), in.nextLong());
            for (int left = in.nextInt(); left > 0; left--) {
                int rater = in.nextInt();
                String category = in.next();
                study.addUnit(in.nextLong(), in.nextLong(), rater, category);
            }
            var measure = new KrippendorffAlphaUnitizingAgreement(study);
            System.out.print(measure.calculateAgreement());
            for (Object category : study.getCategories()) {
                System.out.print(" " + category + " ");
                System.out.print(measure.calculateCategoryAgreement(category));
            }
            System.out.println();
        }
    }
}
